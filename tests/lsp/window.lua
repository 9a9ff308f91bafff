-- What the picture in docs/editors.md shows: a rejected plan in Neovim, the finding under the cursor opened.
vim.o.termguicolors, vim.o.number, vim.o.signcolumn, vim.o.wrap = true, true, "yes", false
vim.o.laststatus, vim.o.ruler, vim.o.showmode = 2, false, false
vim.cmd("syntax on | colorscheme slate")
for group, colors in pairs({
  Normal = "#d8dee9 #1f242d", SignColumn = "#d8dee9 #1f242d", LineNr = "#5c6773 #1f242d", NormalFloat = "#e5e9f0 #2d3440",
  FloatBorder = "#7b8ba1 #2d3440", StatusLine = "#d8dee9 #39424f", yamlBlockMappingKey = "#88c0d0 #1f242d",
  yamlFlowMappingKey = "#88c0d0 #1f242d", DiagnosticError = "#ff8f80 NONE", DiagnosticWarn = "#ebcb8b NONE",
  DiagnosticFloatingError = "#e5e9f0 #2d3440",
}) do
  local foreground, background = colors:match("(%S+) (%S+)")
  vim.cmd(("highlight! %s guifg=%s guibg=%s gui=NONE"):format(group, foreground, background))
end
vim.diagnostic.config({
  virtual_text = { format = function(each) return each.message:match("^[^\n]*") end },
  float = { border = "single", source = false, header = "", prefix = " " },
})
vim.cmd("edit " .. vim.env.EGP_PLAN)
local client = vim.lsp.start_client({ name = "egp", cmd = vim.split(vim.env.EGP_SERVER, " "), root_dir = vim.env.EGP_FOLDER })
vim.lsp.buf_attach_client(0, client)
local timer = vim.loop.new_timer()
timer:start(100, 100, vim.schedule_wrap(function()
  if #vim.diagnostic.get(0) == 0 or timer:is_closing() then
    return
  end
  timer:close()
  vim.fn.search("\\Vend: 2023-01-27", "cW")
  vim.cmd("normal! 5lzt3\25")
  vim.diagnostic.open_float({ width = 100, wrap = true })
  vim.defer_fn(function() io.open(vim.env.EGP_READY, "w"):close() end, 500)
end))
