-- model:  int_cases__refund_fee
-- grain:  one row per reversed settlement whose reversals have fee lines
-- inputs: int_cases__reversal_match, int_cases__fee_roll, fee_item_elsewhen
-- params: none
-- checks: unique(setl_id)
-- ref:    R14, A48
--
-- What the fee lines of reversals take away from the classes of their original. Lines of reversals
-- settled in other years than those asked for stand in `fee_item_elsewhen`; copies collapse there too.
with

elsewhen as (
    select
        fee_item_elsewhen.setl_id,
        fee_item_elsewhen.feedetl_sn,
        min(abs(cast(fee_item_elsewhen.det_item_fee_sumamt * 100 as bigint))) as taken_fen,
        min(item_class(fee_item_elsewhen.med_list_codg, fee_item_elsewhen.med_chrgitm_type))
            as class
    from fee_item_elsewhen
    inner join int_cases__reversal_match
        on fee_item_elsewhen.setl_id = int_cases__reversal_match.setl_id
    group by
        fee_item_elsewhen.setl_id,
        fee_item_elsewhen.feedetl_sn
    having min(fee_item_elsewhen.row_digest) = max(fee_item_elsewhen.row_digest)
),

reversal_fee as (
    select
        int_cases__fee_roll.setl_id,
        int_cases__fee_roll.o_taken_fen,
        int_cases__fee_roll.m_taken_fen,
        int_cases__fee_roll.a_taken_fen
    from int_cases__fee_roll
    union all
    select
        elsewhen.setl_id,
        case when elsewhen.class = 'O' then elsewhen.taken_fen else 0 end as o_taken_fen,
        case when elsewhen.class = 'M' then elsewhen.taken_fen else 0 end as m_taken_fen,
        case when elsewhen.class = 'A' then elsewhen.taken_fen else 0 end as a_taken_fen
    from elsewhen
)

select
    int_cases__reversal_match.init_setl_id as setl_id,
    sum(reversal_fee.o_taken_fen) as o_fen,
    sum(reversal_fee.m_taken_fen) as m_fen,
    sum(reversal_fee.a_taken_fen) as a_fen
from int_cases__reversal_match
inner join reversal_fee
    on int_cases__reversal_match.setl_id = reversal_fee.setl_id
where int_cases__reversal_match.original_setl_time is not null
group by int_cases__reversal_match.init_setl_id
