-- model:  chk_identity_patient
-- grain:  one row per settlement whose patient share does not add up
-- inputs: stg_settlement_amount
-- params: $tolerance_fen
-- checks: none
-- ref:    E02
--
-- psn_part_amt = acct_pay + psn_cash_pay (8.1).
select
    'identity_patient' as check_id,
    stg_settlement_amount.setl_id as key,
    stg_settlement_amount.fixmedins_code,
    stg_settlement_amount.setl_year,
    'psn_part_amt' as column_name,
    cast(null as varchar) as value,
    stg_settlement_amount.patient_fen as amount_fen
from stg_settlement_amount
where
    abs(
        stg_settlement_amount.patient_fen - stg_settlement_amount.account_fen
        - stg_settlement_amount.cash_fen
    ) > $tolerance_fen
