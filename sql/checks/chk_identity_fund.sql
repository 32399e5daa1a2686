-- model:  chk_identity_fund
-- grain:  one row per settlement whose fund payment does not add up
-- inputs: stg_settlement_amount
-- params: $tolerance_fen
-- checks: none
-- ref:    E02
--
-- fund_pay_sumamt = hifp_pay + supplementary lines + maf_pay + oth_pay (8.1).
select
    'identity_fund' as check_id,
    stg_settlement_amount.setl_id as key,
    stg_settlement_amount.fixmedins_code,
    stg_settlement_amount.setl_year,
    'fund_pay_sumamt' as column_name,
    cast(null as varchar) as value,
    stg_settlement_amount.fund_total_fen as amount_fen
from stg_settlement_amount
where
    abs(
        stg_settlement_amount.fund_total_fen - stg_settlement_amount.pooled_fen
        - stg_settlement_amount.supplement_fen
    ) > $tolerance_fen
