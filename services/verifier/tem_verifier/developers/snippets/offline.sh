curl -sS "$TILL/v1/trust" -o trust.json
curl -sS "$TILL/v1/packs/latest" -H "Authorization: Bearer $KEY" -o tem.pack
curl -sSO "$TILL/static/till/tem-till.pyz"
python3 tem-till.pyz check CODE --pack tem.pack --trust trust.json

curl -sS "$TILL/v1/packs/latest?have=BASE" -H "Authorization: Bearer $KEY" -o newer.pack
python3 tem-till.pyz update newer.pack --pack tem.pack --trust trust.json
