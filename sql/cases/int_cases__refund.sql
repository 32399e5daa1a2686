-- model:  int_cases__refund
-- grain:  one row per settlement that was reversed
-- inputs: int_cases__reversal_match
-- params: none
-- checks: unique(setl_id)
-- ref:    E01
--
-- What reversals take back from their original: amounts count whatever their sign (8.4).
select
    int_cases__reversal_match.init_setl_id as setl_id,
    count(*) as reversals,
    sum(abs(int_cases__reversal_match.fee_fen)) as fee_fen,
    sum(abs(int_cases__reversal_match.inscope_fen)) as inscope_fen,
    sum(abs(int_cases__reversal_match.fund_fen)) as fund_fen
from int_cases__reversal_match
where int_cases__reversal_match.original_case_time is not null
group by int_cases__reversal_match.init_setl_id
