-- What may be attached: an example to begin with. Mail with programs is refused, by their names, by what they are whatever they are called, and in
-- archives, also in those inside archives. Edit the lists below; `smtpe check` says whether it still is a policy.
-- relay-guard.lua is asked first: mail for others than our domains does not get here.
-- Wants: smtp-smart-host. Reference: doc/reference/mime.md.

-- Names: a file that ends so is refused, in every reading that a mail program may have of its name.
local refused_extensions = [[
  accda accde accdr accdt ade adp apk app appcontent-ms appinstaller application appref-ms appx appxbundle asp aspx asx bas bat
  bgi chm cmd cnt com command cpl csh deskthemepack desktop diagcab diagcfg diagpkg dll dmg docm dotm dqy elf exe fxp gadget grp
  hlp hpj hta htc ima img inf ins iqy iso isp jar jnlp js jse ksh lib library-ms lnk mad maf mag mam maq mar mas mat mau mav maw
  mcf mda mdb mde mdt mdw mdz mof msc msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp msrcincident mst msu ocx ops
  oqy osd pcd phar pif pl plg potm ppa ppam ppsm pptm prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 psm1 pyc
  pyo pyw pyz pyzw rdp reg rqy scf scr sct search-ms searchconnector-ms settingcontent-ms sh shb shs sldm slk sys theme themepack
  udl url vb vbe vbp vbs vbscript vhd vhdx vmdk vsmacros vsw vxd webpnp website wiz wll ws wsb wsc wsf wsh xbap xla xlam xll xlsb
  xlsm xltm xlw xnk
]]

-- What a file is by its octets, as mime.detect names it.
local refused_kinds = [[
  exe dll elf macho class dex wasm lnk msi chm swf apk appx jar docm xlsm xlsb pptm iso vhd vhdx
]]

-- Scripts by their octets: only where they are attached, for somebody may quote some lines of one.
local refused_scripts = [[ js jse vbs vbe ps1 bat hta wsf sct reg url desktop inf library-ms sh py pl rb php ]]

-- Pages that a browser opens from the disk: a usual way to ask for passwords. Many programs send them, so they are let through here.
local refuse_attached_pages = false
-- Archives with a password: nobody can look into them.
local refuse_encrypted = true
-- Archives of which smtpe cannot say what is in them: kinds that it does not read (bz2, xz, zst, arj, iso ...), archives inside 7z, rar and cab, volumes of
-- an archive in several. With false programs pass in them.
local refuse_unknown_archives = true
-- Archives that programs read in different ways, and damaged ones.
local refuse_odd_archives = true

-- Messages in pieces, which mail programs put together, and those whose content is fetched from somewhere.
local refuse_elsewhere = true

-- What is said. `later` where looking again may help.
local answers = {
  program = '550 5.7.1 programs are not accepted here, whatever they are called and packed in; please send a link instead',
  page = '550 5.7.1 web pages are not accepted as attachments',
  encrypted = '550 5.7.1 archives with a password are not accepted',
  unknown = '550 5.7.1 archives of this kind cannot be looked into and are not accepted, a plain zip is',
  odd = '550 5.7.1 an attached archive is damaged or ambiguous',
  elsewhere = '550 5.7.1 messages in pieces, or with their content elsewhere, are not accepted',
  much = '550 5.7.1 there is too much in this message to look through',
}

local function set(words)
  local result = {}
  for word in words:gmatch('%S+') do result[word] = true end
  return result
end
local extensions, kinds, scripts = set(refused_extensions), set(refused_kinds), set(refused_scripts)
local archives = set 'zip zipx rar 7z tar tgz tbz tbz2 txz tzst gz bz bz2 xz zst lz lz4 lzma z cab arj arc lzh lha ace alz egg zoo wim uue uu xxe hqx sit sitx'
local packers = set 'gz bz bz2 xz zst lz lz4 lzma z'
local odd = set 'names_differ hidden_entries overlapping_entries missing_entries no_directory several_directories damaged'

local function is_refused_name(name)
  local before, extension = name:match('^(.*)%.([^.]*)$')
  -- A class of Windows in braces decides, too, who opens a file.
  if extensions[extension or ''] or name:find('%.{%x+%-[%x-]+}$') then return true end
  -- setup.exe.gz becomes setup.exe when it is unpacked.
  return packers[extension or ''] ~= nil and is_refused_name(before)
end

local function has_refused_name(names)
  for _, name in ipairs(names or {}) do
    if is_refused_name(name) then return true end
  end
  return false
end

-- By its name, volumes of one (a.7z.001, a.r00) included.
local function has_archive_name(names)
  for _, name in ipairs(names or {}) do
    local extension = name:match('%.(%w+)$') or ''
    if archives[extension] or archives[name:match('%.(%w+)%.%d%d%d?$') or ''] or extension:find('^[rz]%d%d$') then return true end
  end
  return false
end

local function in_archive(list)
  for _, entry in ipairs(list) do
    if has_refused_name(entry.names) or kinds[entry.ext] or scripts[entry.ext] then return answers.program end
  end
  if kinds[list.ext] then return answers.program end
  if list.encrypted and refuse_encrypted then return answers.encrypted end
  local truncated = list.truncated or {}
  for _, limit in ipairs { 'limit-archive-names', 'limit-archive-bytes', 'limit-archive-depth' } do
    if truncated[limit] then return answers.much end
  end
  if (truncated.unsupported or truncated.damaged) and refuse_unknown_archives then return answers.unknown end
  if refuse_odd_archives then
    for defect in pairs(list.defects) do
      if odd[defect] then return answers.odd end
    end
  end
end

local function in_part(i, part)
  if has_refused_name(part.filenames) then return answers.program end
  if refuse_elsewhere and (part.type == 'message/partial' or part.type == 'message/external-body') then return answers.elsewhere end
  local _, kind = mime.detect(i)
  local attached = part.filenames or part.disposition == 'attachment' or not part.type:find('^text/')
  if kinds[kind] or (attached and scripts[kind]) then return answers.program end
  if attached and refuse_attached_pages and (kind == 'html' or kind == 'svg') then return answers.page end
  local list = mime.archive(i)
  if list then return in_archive(list) end
  if refuse_unknown_archives and has_archive_name(part.filenames) then return answers.unknown end
end

function hook.dot()
  for i, part in ipairs(mime.parts) do
    local refusal = in_part(i, part)
    if refusal then return refusal end
  end
  -- A limit of smtpe: what is beyond it nobody has looked at.
  if next(mime.limits) then return answers.much end
end
