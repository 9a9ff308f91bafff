"""A headless Chromium for tests and screenshots, which reaches nothing but the file that it is given."""

from __future__ import annotations

import base64
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

Scheme = Literal["light", "dark"]
Paper = Literal["A4", "Letter"]

_INCHES: dict[Paper, tuple[float, float]] = {"A4": (8.27, 11.69), "Letter": (8.5, 11)}

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


_AXE = Path(__file__).with_name("axe.min.js")
"""axe-core 4.12.1, as its authors publish it (MPL-2.0); it runs in the browser of the tests, and in no page."""

_FINDINGS = """
const done = arguments[arguments.length - 1];
document.querySelectorAll("details").forEach(each => each.open = true);
axe.run(document, {resultTypes: ["violations"]}).then(
  found => done(found.violations.map(each => [each.id, each.nodes.map(node => node.html.slice(0, 120))])),
  problem => done([["axe failed", [String(problem)]]]));
"""


def missing() -> str:
    """Why there is no browser here; empty where there is one."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(absent)} not installed: apt-get install chromium chromium-driver" if absent else ""


class Browser:
    """Opens files, and measures what is shown."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def open(self, path: Path, *, width: int = 800, scheme: Scheme = "light") -> None:
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._tell("Emulation.setDeviceMetricsOverride", metrics)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._tell("Emulation.setEmulatedMedia", {"features": [feature]})
        for each in ("performance", "browser"):
            self._log(each)  # what an earlier page left there
        self._driver.get(path.as_uri())

    def run(self, script: str) -> Any:
        return self._driver.execute_script(script)

    def run_async(self, script: str) -> Any:
        """What the script gives to the function that is its last argument."""
        return self._driver.execute_async_script(script)

    def axe(self) -> list[Any]:
        """What axe-core finds wrong, with all that is folded opened."""
        self.run(_AXE.read_text(encoding="utf-8"))
        return list(self.run_async(_FINDINGS))

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """Every address asked for since the page was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [
            each["params"]["request"]["url"]
            for each in events
            if each["method"] == "Network.requestWillBeSent"
        ]

    def roles(self) -> list[tuple[str, str]]:
        """(role, name) of what a screen reader finds."""
        nodes = self._tell("Accessibility.getFullAXTree", {})["nodes"]
        return [
            (each["role"]["value"], each.get("name", {}).get("value", ""))
            for each in nodes
            if not each["ignored"]
        ]

    def sheets(self, paper: Paper = "A4") -> int:
        """How many it takes to print the page."""
        width, height = _INCHES[paper]
        size = {"paperWidth": width, "paperHeight": height, "preferCSSPageSize": True}
        told = self._tell("Page.printToPDF", {**size, "printBackground": False})
        return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(told["data"])))

    def picture(self, highest: int) -> bytes:
        """The page from its top, no higher than so many pixels."""
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, highest), "scale": 1}
        settings = {"format": "png", "captureBeyondViewport": True, "clip": clip, "optimizeForSpeed": False}
        return base64.b64decode(self._tell("Page.captureScreenshot", settings)["data"])

    def _log(self, name: str) -> list[dict[str, Any]]:
        return list(self._driver.get_log(name))  # type: ignore[no-untyped-call]

    def _tell(self, command: str, parameters: dict[str, Any]) -> Any:
        return self._driver.execute_cdp_cmd(command, parameters)


@contextmanager
def browser() -> Iterator[Browser]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or ""))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
