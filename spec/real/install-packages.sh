#!/bin/sh
# Installs the Debian packages whose programs the tests in spec/real talk to, where that is allowed: root, apt-get, and
# SMTPE_TEST_INSTALL not "no". Prints what it does; never fails: tests whose programs are missing are skipped by name.
set -u

# program:package
WANTED="swaks:swaks smtp-sink:postfix clamd:clamav-daemon clamdscan:clamdscan spamassassin:spamassassin spamd:spamd spamc:spamc
aiosmtpd:python3-aiosmtpd nsd:nsd unbound:unbound openssl:openssl lua5.1:lua5.1 lua5.4:lua5.4 luacheck:lua-check redis-server:redis-server"
PATH="$PATH:/usr/sbin:/sbin"

packages=""
for pair in $WANTED; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || packages="$packages ${pair#*:}"
done
[ -e /usr/share/clamav-testfiles ] || packages="$packages clamav-testfiles"
[ -z "$packages" ] && exit 0

if [ "${SMTPE_TEST_INSTALL:-yes}" = no ]; then
  echo "not installing$packages: SMTPE_TEST_INSTALL=no"
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "not installing$packages: no apt-get here"
  exit 0
fi
if [ "$(id -u)" != 0 ]; then
  echo "not installing$packages: not root (to install them: sudo apt-get install$packages)"
  exit 0
fi

echo "installing$packages"
export DEBIAN_FRONTEND=noninteractive
# The tests start their own servers on free ports of loopback; the packages must not start theirs.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
if command -v debconf-set-selections >/dev/null 2>&1; then
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
fi
log=$(mktemp)
lock="-o DPkg::Lock::Timeout=300"
install() {
  # shellcheck disable=SC2086
  apt-get $lock install -y -q --no-install-recommends "$@" >>"$log" 2>&1
}
# shellcheck disable=SC2086
apt-get $lock update -q >>"$log" 2>&1
# shellcheck disable=SC2086
if ! install $packages; then
  # One package that is not there must not keep the others out.
  for package in $packages; do
    install "$package" || echo "could not install $package: $(tail -n 1 "$log")"
  done
fi
rm -f "$log"
exit 0
