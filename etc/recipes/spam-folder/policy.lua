-- What looks like spam goes into the folder Junk of its recipients: rspamd says what does, and Dovecot puts mail for ann+Junk@example.com there.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.

-- In Dovecot: recipient_delimiter = + and lmtp_save_to_detail_mailbox = yes.
local FOLDER = 'Junk'
local RSPAMD = '127.0.0.1:11333'
local REFUSE_AT = 15
local FOLDER_AT = 6

-- `ann+shop@example.com` is `ann+Junk@example.com` there; nil: an address in quotes, which is left as it is.
local function in_folder(address)
  local name, domain = address:match '^([^"+]+)[^@]*@([^@]+)$'
  return name and name .. '+' .. FOLDER .. '@' .. domain
end

function hook.dot(path)
  service.rspamd(path, RSPAMD)
  local spam = service.wait(true).rspamd
  -- Nobody has looked: into the inbox, as people wait for their mail.
  if not spam.score or spam.score < FOLDER_AT then return end
  if spam.score >= REFUSE_AT then return '554 5.7.1 this message looks like spam' end
  for _, address in ipairs { table.unpack(client.recipients) } do
    local other = in_folder(address)
    if other then
      client.remove_recipient(address)
      client.add_recipient(other)
    end
  end
end
