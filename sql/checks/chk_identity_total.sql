-- model:  chk_identity_total
-- grain:  one row per settlement whose total does not add up
-- inputs: stg_settlement_amount
-- params: $tolerance_fen
-- checks: none
-- ref:    E02
--
-- medfee_sumamt = fund_pay_sumamt + psn_part_amt + hosp_part_amt (8.1).
select
    'identity_total' as check_id,
    stg_settlement_amount.setl_id as key,
    stg_settlement_amount.fixmedins_code,
    stg_settlement_amount.setl_year,
    'medfee_sumamt' as column_name,
    cast(null as varchar) as value,
    stg_settlement_amount.fee_fen as amount_fen
from stg_settlement_amount
where
    abs(
        stg_settlement_amount.fee_fen - stg_settlement_amount.fund_total_fen
        - stg_settlement_amount.patient_fen - stg_settlement_amount.hospital_fen
    ) > $tolerance_fen
