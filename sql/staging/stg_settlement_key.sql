-- model:  stg_settlement_key
-- grain:  one row per row of settlement_history that is not void
-- inputs: settlement_history
-- params: $by_discharge
-- checks: not_null(setl_key, setl_id, case_time)
-- ref:    E01, R25, A44
--
-- Keys and amounts of the settlements of every year: a refund may come years after its original.
-- Voided rows have left before anything is compared (R25).
select
    id_key(settlement_history.setl_id) as setl_key,
    settlement_history.setl_id,
    settlement_history.init_setl_id,
    settlement_history.fixmedins_code,
    settlement_history.setl_time,
    case
        when
            $by_discharge
            and coalesce(settlement_history.init_setl_id, '') = ''
            and settlement_history.medfee_sumamt >= 0
            then coalesce(settlement_history.endtime, settlement_history.setl_time)
        else settlement_history.setl_time
    end as case_time,
    settlement_history.row_digest,
    fen(settlement_history.medfee_sumamt) as fee_fen,
    coalesce(fen(settlement_history.inscp_scp_amt), 0) as inscope_fen,
    fen(settlement_history.hifp_pay) as fund_fen,
    coalesce(fen(settlement_history.fulamt_ownpay_amt), 0) as own_fen
from settlement_history
where coalesce(settlement_history.vali_flag, '1') <> '0'
