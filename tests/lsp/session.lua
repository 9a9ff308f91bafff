-- A session in Neovim: open a rejected plan, look, complete, take the first way out, save. What was seen is written as JSON.
local server, folder, out = vim.env.EGP_SERVER, vim.env.EGP_FOLDER, vim.env.EGP_OUT
local seen, patience = {}, 60000

local function wait_for(what, is_so)
  if not vim.wait(patience, is_so, 20) then
    error("nothing came of it: " .. what)
  end
end

local function place_of(text)
  vim.fn.cursor(1, 1)
  assert(vim.fn.search("\\V" .. text, "cW") > 0, text .. " is not in the plan")
end

local function codes()
  local found = {}
  for _, each in ipairs(vim.diagnostic.get(0)) do
    table.insert(found, each.code)
  end
  table.sort(found)
  return found
end

local function session()
  vim.cmd("edit " .. folder .. "/experiments/plan.yaml")
  local client = vim.lsp.start_client({ name = "egp", cmd = vim.split(server, " "), root_dir = folder })
  vim.lsp.buf_attach_client(0, client)
  wait_for("the findings", function() return #vim.diagnostic.get(0) > 0 end)
  seen.diagnostics = {}
  for _, each in ipairs(vim.diagnostic.get(0)) do
    local line = vim.api.nvim_buf_get_lines(0, each.lnum, each.lnum + 1, false)[1]
    local text = each.lnum == each.end_lnum and line:sub(each.col + 1, each.end_col) or ""
    table.insert(seen.diagnostics, { each.code, each.severity, text, each.message })
  end

  place_of("147_000")
  vim.lsp.buf.hover()
  local function float()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= "" then
        return window
      end
    end
  end
  wait_for("the hover", float)
  seen.hover = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(float()), 0, -1, false)
  vim.api.nvim_win_close(float(), true)

  vim.api.nvim_buf_set_lines(0, -1, -1, false, { "lin" })
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(0), 3 })
  local parameters = vim.lsp.util.make_position_params(0, "utf-16")
  parameters.position.character = 3
  local answer = vim.lsp.buf_request_sync(0, "textDocument/completion", parameters, patience)[client]
  local items = vim.lsp.util.text_document_completion_list_to_complete_items(answer.result, "lin")
  seen.completion = vim.tbl_map(function(each) return each.word end, items)
  vim.api.nvim_buf_set_lines(0, -2, -1, false, {})

  place_of("2023-01-29")
  vim.ui.select = function(actions, _, choose)
    seen.actions = vim.tbl_map(function(each) return (each[2] or each.action).title end, actions)
    choose(actions[1], 1)
  end
  wait_for("the findings again", function() return #codes() == #seen.diagnostics end)
  vim.lsp.buf.code_action()
  wait_for("a plan without findings", function() return #vim.diagnostic.get(0) == 0 end)
  vim.cmd("write")
  seen.after = codes()
end

local is_well, message = pcall(session)
seen.error = not is_well and message or nil
local file = io.open(out, "w")
file:write(vim.json and vim.json.encode(seen) or vim.fn.json_encode(seen))
file:close()
vim.lsp.stop_client(vim.lsp.get_active_clients(), true)
vim.cmd("qall!")
