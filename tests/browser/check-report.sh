#!/bin/sh
# Opens a report in a headless browser and fails if it scrolls sideways or chart labels touch.
#
#   tests/browser/check-report.sh REPORT.html
#
# At 1280, 800 and 390 px: the page is no wider than the window; at 1280 and 800 px no table or
# chart scrolls inside its box; no two texts of a chart overlap and none leaves its chart.
# Installs chromium and a CJK font with apt-get where they are missing (needs root then).
set -eu

fail() { echo "check-report: $*" >&2; exit 1; }

[ $# -eq 1 ] || fail "give the path of one report.html"
[ -s "$1" ] || fail "\`$1\` is not there or empty"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
fonts=$(fc-list :lang=zh 2>/dev/null | head -n 1 || true)
if [ -z "$browser" ] || [ -z "$fonts" ]; then
    echo "check-report: installing chromium and fonts-noto-cjk" >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-noto-cjk fontconfig >&2
    browser=$(command -v chromium) || fail "no chromium after installing it"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# The page measures itself inside frames of the three widths and tells the frame's owner.
{ cat "$1"; printf '<script>'; cat "$here/measure.js"; printf '</script>'; } > "$work/page.html"
{
    printf '<!doctype html><meta charset="utf-8"><pre id="found">'
    printf '</pre><script>\n'
    printf 'addEventListener("message", event => {'
    printf ' document.getElementById("found").textContent += event.data + "\\n"; });\n'
    printf '</script>\n'
    for width in 1280 800 390; do
        printf '<iframe src="page.html#%s" width="%s" height="2000" style="border:0"></iframe>\n' \
            "$width" "$width"
    done
} > "$work/index.html"

"$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync \
    --user-data-dir="$work/profile" --window-size=1600,2400 --virtual-time-budget=60000 \
    --dump-dom "file://$work/index.html" > "$work/dom.html" 2> "$work/browser.log" ||
    { cat "$work/browser.log" >&2; fail "the browser failed"; }

found=$(sed -n '/<pre id="found">/,/<\/pre>/p' "$work/dom.html" |
    sed 's/<[^>]*>//g; s/&gt;/>/g; s/&lt;/</g; s/&amp;/\&/g')
for width in 1280 800 390; do
    echo "$found" | grep -q "^$width: measured" || {
        cat "$work/browser.log" >&2
        fail "the page was not measured at $width px"
    }
done
problems=$(echo "$found" | grep -v ": measured" | grep -v '^$' || true)
if [ -n "$problems" ]; then
    echo "$problems" >&2
    fail "\`$1\` has the layout problems above"
fi
echo "$found" | grep ": measured"
