-- model:  int_cases__reversal_match
-- grain:  one row per reversal
-- inputs: int_cases__reversal, stg_settlement_key, int_cases__repeated_settlement, matched_elsewhere
-- params: none
-- checks: unique(setl_id)
-- ref:    E01, R03, R25
--
-- Each reversal with the settlement it takes back. No original here, a reversal of itself and a
-- reversal of a reversal leave `original_case_time` empty: an orphan. `is_unmatched` asks whether
-- the original stands in another person's bucket; if so `matched_elsewhere` brings its time.
with

original as (
    select
        stg_settlement_key.setl_id,
        min(stg_settlement_key.case_time) as case_time,
        bool_or(coalesce(stg_settlement_key.init_setl_id, '') <> '') as is_reversal
    from stg_settlement_key
    inner join int_cases__reversal
        on stg_settlement_key.setl_key = id_key(int_cases__reversal.init_setl_id)
    left join int_cases__repeated_settlement
        on stg_settlement_key.setl_key = int_cases__repeated_settlement.setl_key
    where coalesce(int_cases__repeated_settlement.is_conflicting, false) = false
    group by stg_settlement_key.setl_id
)

select
    int_cases__reversal.setl_id,
    int_cases__reversal.init_setl_id,
    int_cases__reversal.fixmedins_code,
    int_cases__reversal.setl_time,
    int_cases__reversal.fee_fen,
    int_cases__reversal.inscope_fen,
    int_cases__reversal.fund_fen,
    int_cases__reversal.own_fen,
    int_cases__reversal.is_foreign,
    case
        when original.setl_id is null then matched_elsewhere.original_case_time
        when not original.is_reversal then original.case_time
    end as original_case_time,
    original.setl_id is null and matched_elsewhere.setl_id is null as is_unmatched
from int_cases__reversal
left join original
    on int_cases__reversal.init_setl_id = original.setl_id
left join matched_elsewhere
    on int_cases__reversal.setl_id = matched_elsewhere.setl_id
