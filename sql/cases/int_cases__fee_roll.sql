-- model:  int_cases__fee_roll
-- grain:  one row per setl_id that has fee lines
-- inputs: stg_fee_item, int_cases__repeated_fee_item
-- params: none
-- checks: unique(setl_id)
-- ref:    A14, A48, R14, Y07, Y10, Y11
--
-- Fee lines of a settlement by class. The `_taken_fen` columns are what the lines take away when
-- the settlement is a reversal: their amounts count negative whatever their sign (R14).
with

line as (
    select
        stg_fee_item.setl_id,
        stg_fee_item.amount_fen,
        stg_fee_item.class,
        stg_fee_item.is_important
    from stg_fee_item
    left anti join int_cases__repeated_fee_item
        on
            stg_fee_item.setl_id = int_cases__repeated_fee_item.setl_id
            and stg_fee_item.feedetl_sn = int_cases__repeated_fee_item.feedetl_sn
    union all
    select
        int_cases__repeated_fee_item.setl_id,
        int_cases__repeated_fee_item.amount_fen,
        int_cases__repeated_fee_item.class,
        int_cases__repeated_fee_item.is_important
    from int_cases__repeated_fee_item
    where not int_cases__repeated_fee_item.is_conflicting
)

select
    line.setl_id,
    count(*) as lines,
    sum(case when line.class = 'O' then line.amount_fen else 0 end) as o_fen,
    sum(case when line.class = 'M' then line.amount_fen else 0 end) as m_fen,
    sum(case when line.class = 'A' then line.amount_fen else 0 end) as a_fen,
    sum(case when line.class = 'O' then abs(line.amount_fen) else 0 end) as o_taken_fen,
    sum(case when line.class = 'M' then abs(line.amount_fen) else 0 end) as m_taken_fen,
    sum(case when line.class = 'A' then abs(line.amount_fen) else 0 end) as a_taken_fen,
    bool_or(line.is_important and line.class = 'O') as o_is_important,
    bool_or(line.is_important and line.class = 'M') as m_is_important,
    bool_or(line.is_important and line.class = 'A') as a_is_important
from line
group by line.setl_id
