-- A tag in the subject of what comes from outside, a footer under what our own people send.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.

-- The list of the relay guard: networks whose mail goes anywhere.
local networks = map.open('maps/networks.txt', 'networks')
local TAG = '[external] '
-- A line that stands in the footer and hardly anywhere else: by it the footer is found again in answers.
local MARK = 'Example Corp, Springfield'
local TEXT = '\n-- \n' .. MARK
local HTML = '<p style="color:#666">' .. MARK .. '</p>'

local function is_ours()
  return client.authenticated or networks:lookup(client.address) ~= nil
end

local function has_footer()
  for i, part in ipairs(mime.parts) do
    if (part.type or ''):find('^text/') and (mime.text(i, 65536) or ''):find(MARK, 1, true) then return true end
  end
  return false
end

function hook.dot()
  if is_ours() then
    if client.sender ~= '' and not has_footer() then mime.add_footer { text = TEXT, html = HTML } end
    return
  end
  local _, subject = header.find('Subject', 1)
  if subject == nil then
    header.add('Subject: ' .. TAG)
  elseif not subject:find(TAG, 1, true) then
    header.modify('Subject', 1, TAG .. subject)
  end
end
