-- model:  chk_fate
-- grain:  one row per settlement that voids, duplicates or refunds touch
-- inputs: int_cases__netted
-- params: none
-- checks: none
-- ref:    E01, E17, A48, R25
--
-- What netting did (8.4), named by its fate, and what lies outside the area. Reversals are named by
-- the settlement they take back; a partial refund leaves its original analysed with less money. A
-- negative fee that nothing explains is kept and named (R25).
select
    case
        when int_cases__netted.fate = 'scope_out_of_area' then 'out_of_area'
        when int_cases__netted.fate = 'analysed' and int_cases__netted.fee_fen
            <> int_cases__netted.raw_fee_fen then 'refund_partial'
        when int_cases__netted.fate = 'analysed' and int_cases__netted.raw_fee_fen < 0
            then 'negative_fee'
        when int_cases__netted.fate in ('analysed', 'reversal') then 'duplicate_identical'
        else int_cases__netted.fate
    end as check_id,
    int_cases__netted.setl_id as key,
    int_cases__netted.fixmedins_code,
    cast(extract(year from int_cases__netted.setl_time) as bigint) as setl_year,
    'medfee_sumamt' as column_name,
    int_cases__netted.is_repeated,
    int_cases__netted.raw_fee_fen as amount_fen
from int_cases__netted
where
    int_cases__netted.fate not in ('analysed', 'reversal')
    or int_cases__netted.fee_fen <> int_cases__netted.raw_fee_fen
    or (int_cases__netted.fate = 'analysed' and int_cases__netted.raw_fee_fen < 0)
    or int_cases__netted.is_repeated
