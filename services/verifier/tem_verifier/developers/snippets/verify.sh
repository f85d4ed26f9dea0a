curl -sS "$TILL/v1/verifications" -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: application/json' -d '{"codes": ["0018…"]}'

curl -sS "$TILL/v1/verifications" -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: text/csv' --data-binary @codes.csv
