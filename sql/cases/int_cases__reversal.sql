-- model:  int_cases__reversal
-- grain:  one row per reversal (a row with init_setl_id)
-- inputs: stg_settlement_key, int_cases__repeated_settlement, foreign_reversal
-- params: $refunds_before
-- checks: unique(setl_id)
-- ref:    E01, R03, R25, A48
--
-- Reversals of every year after duplicates: identical copies count once, conflicting ones not at
-- all. `foreign_reversal` brings those that stand in another person's bucket. Of a cleared year only
-- those before `$refunds_before` count; it is null where every refund does (R03).
with

own as (
    select distinct
        stg_settlement_key.setl_id,
        stg_settlement_key.init_setl_id,
        stg_settlement_key.fixmedins_code,
        stg_settlement_key.setl_time,
        stg_settlement_key.fee_fen,
        stg_settlement_key.inscope_fen,
        stg_settlement_key.fund_fen,
        stg_settlement_key.own_fen
    from stg_settlement_key
    left join int_cases__repeated_settlement
        on stg_settlement_key.setl_key = int_cases__repeated_settlement.setl_key
    where
        stg_settlement_key.init_setl_id <> ''
        and coalesce(int_cases__repeated_settlement.is_conflicting, false) = false
        and ($refunds_before is null or stg_settlement_key.setl_time < $refunds_before)
)

select
    own.setl_id,
    own.init_setl_id,
    own.fixmedins_code,
    own.setl_time,
    own.fee_fen,
    own.inscope_fen,
    own.fund_fen,
    own.own_fen,
    false as is_foreign
from own
union all
select
    foreign_reversal.setl_id,
    foreign_reversal.init_setl_id,
    foreign_reversal.fixmedins_code,
    foreign_reversal.setl_time,
    foreign_reversal.fee_fen,
    foreign_reversal.inscope_fen,
    foreign_reversal.fund_fen,
    foreign_reversal.own_fen,
    true as is_foreign
from foreign_reversal
