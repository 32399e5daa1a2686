-- model:  ind_behaviour
-- grain:  one row per analysed settlement
-- inputs: int_cases__netted, int_cases__own_payment, fee_item
-- params: $split_from, $split_to
-- checks: unique(setl_id); not_null(fixmedins_code, fee_fen, own_fen, is_split, fee_days, fee_span)
-- ref:    Y35
--
-- What a settlement shows of split visits, of visits settled together and of shifted cost. `is_split`: the
-- same person was at the same institution for the same disease, and that visit began at least
-- `$split_from` and less than `$split_to` microseconds before this one. `fee_days`: dates on which its fee
-- lines lie; `fee_span`: days from the first to the last of them, both 0 without dated lines.
with

visit as (
    select
        int_cases__netted.setl_key,
        max(int_cases__netted.setl_id) as setl_id,
        max(int_cases__netted.psn_no) as psn_no,
        max(int_cases__netted.fixmedins_code) as fixmedins_code,
        coalesce(max(int_cases__netted.dise_codg), '') as dise_codg,
        max(int_cases__netted.fee_fen) as fee_fen,
        arrow_cast(
            max(coalesce(int_cases__netted.begntime, int_cases__netted.setl_time)), 'Int64'
        ) as begun
    from int_cases__netted
    where int_cases__netted.fate = 'analysed'
    group by int_cases__netted.setl_key
),

split as (
    select distinct later.setl_key
    from visit as later
    inner join visit as earlier
        on
            later.psn_no = earlier.psn_no
            and later.fixmedins_code = earlier.fixmedins_code
            and later.dise_codg = earlier.dise_codg
            and later.begun - earlier.begun >= $split_from
            and later.begun - earlier.begun < $split_to
),

dated as (
    select
        id_key(fee_item.setl_id) as setl_key,
        arrow_cast(cast(fee_item.fee_ocur_time as date), 'Int32') as day
    from fee_item
    where fee_item.fee_ocur_time is not null
),

spread as (
    select
        dated.setl_key,
        count(distinct dated.day) as fee_days,
        max(dated.day) - min(dated.day) as fee_span
    from dated
    group by dated.setl_key
)

select
    visit.setl_id,
    visit.fixmedins_code,
    visit.fee_fen,
    coalesce(int_cases__own_payment.own_fen, 0) as own_fen,
    split.setl_key is not null as is_split,
    coalesce(spread.fee_days, 0) as fee_days,
    cast(coalesce(spread.fee_span, 0) as bigint) as fee_span
from visit
left join split
    on visit.setl_key = split.setl_key
left join spread
    on visit.setl_key = spread.setl_key
left join int_cases__own_payment
    on visit.setl_key = int_cases__own_payment.setl_key
