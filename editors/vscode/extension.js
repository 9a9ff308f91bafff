"use strict";

// Starts `egp lsp` and stops it; everything else is the server's.

const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const settings = workspace.getConfiguration("egp");
  const [command, ...before] = settings.get("command");
  const args = [...before, "lsp", ...settings.get("arguments")];
  client = new LanguageClient(
    "egp",
    "egp",
    { command, args },
    { documentSelector: [{ scheme: "file", language: "yaml" }, { scheme: "file", pattern: "**/*.{yaml,yml}" }] },
  );
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(`egp cannot be started as \`${[command, ...args].join(" ")}\`: ${error.message}`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running?.isRunning()) {
    await running.stop();
  }
}

async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand("egp.restart", async () => {
      await stop();
      await start();
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
