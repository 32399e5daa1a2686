-- model:  int_cases__cost
-- grain:  one row per settlement with fee lines
-- inputs: cost_roll, int_cases__reversal_match, foreign_reversal
-- params: none
-- checks: unique(setl_key)
-- ref:    R14, E31
--
-- Cost of each class of a settlement, net of its reversals, whose lines count whatever their sign. A
-- reversal that stands in another person's bucket brings its sums along.
with

signed as (
    select
        cost_roll.setl_key,
        cost_roll.drug_fen,
        cost_roll.consumable_fen,
        cost_roll.exam_fen,
        cost_roll.treatment_fen,
        cost_roll.service_fen
    from cost_roll
    union all
    select
        id_key(int_cases__reversal_match.init_setl_id) as setl_key,
        -cost_roll.drug_taken_fen as drug_fen,
        -cost_roll.consumable_taken_fen as consumable_fen,
        -cost_roll.exam_taken_fen as exam_fen,
        -cost_roll.treatment_taken_fen as treatment_fen,
        -cost_roll.service_taken_fen as service_fen
    from int_cases__reversal_match
    inner join cost_roll
        on id_key(int_cases__reversal_match.setl_id) = cost_roll.setl_key
    where
        int_cases__reversal_match.original_case_time is not null
        and not int_cases__reversal_match.is_foreign
    union all
    select
        id_key(int_cases__reversal_match.init_setl_id) as setl_key,
        -foreign_reversal.drug_taken_fen as drug_fen,
        -foreign_reversal.consumable_taken_fen as consumable_fen,
        -foreign_reversal.exam_taken_fen as exam_fen,
        -foreign_reversal.treatment_taken_fen as treatment_fen,
        -foreign_reversal.service_taken_fen as service_fen
    from int_cases__reversal_match
    inner join foreign_reversal
        on int_cases__reversal_match.setl_id = foreign_reversal.setl_id
    where
        int_cases__reversal_match.original_case_time is not null
        and int_cases__reversal_match.is_foreign
)

select
    signed.setl_key,
    sum(signed.drug_fen) as drug_fen,
    sum(signed.consumable_fen) as consumable_fen,
    sum(signed.exam_fen) as exam_fen,
    sum(signed.treatment_fen) as treatment_fen,
    sum(signed.service_fen) as service_fen
from signed
group by signed.setl_key
