-- model:  int_cases__refund_fee
-- grain:  one row per reversed settlement whose reversals have fee lines
-- inputs: int_cases__reversal_match, int_cases__fee_roll
-- params: none
-- checks: unique(setl_id)
-- ref:    R14
--
-- What the fee lines of reversals take away from the classes of their original.
select
    int_cases__reversal_match.init_setl_id as setl_id,
    sum(int_cases__fee_roll.o_taken_fen) as o_fen,
    sum(int_cases__fee_roll.m_taken_fen) as m_fen,
    sum(int_cases__fee_roll.a_taken_fen) as a_fen
from int_cases__reversal_match
inner join int_cases__fee_roll
    on int_cases__reversal_match.setl_id = int_cases__fee_roll.setl_id
where int_cases__reversal_match.original_setl_time is not null
group by int_cases__reversal_match.init_setl_id
