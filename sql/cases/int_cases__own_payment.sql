-- model:  int_cases__own_payment
-- grain:  one row per settlement id
-- inputs: settlement, int_cases__reversal_match
-- params: none
-- checks: unique(setl_key)
-- ref:    Z17, R17, E01
--
-- What patients paid in full themselves (`fulamt_ownpay_amt`), net of reversals, whose amounts count
-- whatever their sign. Copies of a row are one; an id whose rows differ is rejected elsewhere (A48).
with

signed as (
    select
        id_key(settlement.setl_id) as setl_key,
        coalesce(max(fen(settlement.fulamt_ownpay_amt)), 0) as own_fen
    from settlement
    where coalesce(settlement.vali_flag, '1') <> '0'
    group by id_key(settlement.setl_id)
    union all
    select
        id_key(int_cases__reversal_match.init_setl_id) as setl_key,
        -abs(int_cases__reversal_match.own_fen) as own_fen
    from int_cases__reversal_match
    where int_cases__reversal_match.original_case_time is not null
)

select
    signed.setl_key,
    sum(signed.own_fen) as own_fen
from signed
group by signed.setl_key
