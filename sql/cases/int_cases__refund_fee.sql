-- model:  int_cases__refund_fee
-- grain:  one row per reversed settlement whose reversals have fee lines
-- inputs: int_cases__reversal_match, fee_roll, foreign_reversal
-- params: none
-- checks: unique(setl_key)
-- ref:    R14
--
-- What the fee lines of reversals take away from the classes of their original. A reversal that stands
-- in another person's bucket brings its sums along: its lines are looked for where it stands.
with

taken as (
    select
        int_cases__reversal_match.init_setl_id,
        fee_roll.o_taken_fen,
        fee_roll.m_taken_fen,
        fee_roll.a_taken_fen
    from int_cases__reversal_match
    inner join fee_roll
        on id_key(int_cases__reversal_match.setl_id) = fee_roll.setl_key
    where
        int_cases__reversal_match.original_case_time is not null
        and not int_cases__reversal_match.is_foreign
    union all
    select
        int_cases__reversal_match.init_setl_id,
        foreign_reversal.o_taken_fen,
        foreign_reversal.m_taken_fen,
        foreign_reversal.a_taken_fen
    from int_cases__reversal_match
    inner join foreign_reversal
        on int_cases__reversal_match.setl_id = foreign_reversal.setl_id
    where
        int_cases__reversal_match.original_case_time is not null
        and int_cases__reversal_match.is_foreign
)

select
    id_key(taken.init_setl_id) as setl_key,
    sum(taken.o_taken_fen) as o_fen,
    sum(taken.m_taken_fen) as m_fen,
    sum(taken.a_taken_fen) as a_fen
from taken
group by taken.init_setl_id
