---@meta
-- Made by npm run reference. Do not edit.
-- luacheck: ignore

---The engine: what it is, and its options.
---@class smtpe
smtpe = {}

---Version of this program.
smtpe.bin_version = ""

---Version of the API that policies are written against.
smtpe.api_version = ""

---Whose it is.
smtpe.copyright = ""

---Our host name: option `host-name`, else the name of the machine.
smtpe.host = ""

---Gives the value of an option as this connection sees it. `help`, `info` and `version` have none (nil). Does not suspend.
---@param option_name? string The name, in upper or lower case.
---@return string|nil value The text of the option as it was set, e.g. `300`; always `+` or `-` for a flag; it may be empty; nil for an unknown name.
function smtpe.getoption(option_name) end

---Changes an option: in a hook for this connection only and until it ends, in `hook.init` for the server until the next reload, which begins from option file and command line. It acts when the option is next used. Raises an error for an unknown name, for a value that is not right, for an option that is read before the policy (`daemon`, `log-format` ...), and in a connection for one that is for the whole server (`smtp-server-port`, `rate-global` ...). Does not suspend.
---@param option_name string The name, in upper or lower case.
---@param value string|boolean The value, for a flag also true or false; a text that begins with `;` is appended to the present one.
function smtpe.setoption(option_name, value) end
