-- model:  stg_settlement
-- grain:  one row per row of settlement
-- inputs: settlement
-- params: $by_discharge
-- checks: not_null(setl_key, setl_id, case_time, fee_fen, fund_fen)
-- ref:    E01, E02, J11, A44
--
-- Settlements of the years asked for: yuan become fen, flags become booleans, a local disease code
-- becomes the national one in force on the day of the settlement, nothing else.
-- An absent `vali_flag` is valid, an absent `refd_setl_flag` is not a refund. `case_time` gives a case its
-- month and year; money taken back counts on the day it was taken back.
select
    id_key(settlement.setl_id) as setl_key,
    settlement.setl_id,
    settlement.psn_no,
    settlement.mdtrt_id,
    settlement.fixmedins_code,
    settlement.insutype,
    settlement.med_type,
    national('dise_codg', settlement.dise_codg, settlement.setl_time) as dise_codg,
    settlement.begntime,
    settlement.endtime,
    settlement.setl_time,
    case
        when
            $by_discharge
            and coalesce(settlement.init_setl_id, '') = ''
            and settlement.medfee_sumamt >= 0
            then coalesce(settlement.endtime, settlement.setl_time)
        else settlement.setl_time
    end as case_time,
    settlement.upload_time,
    settlement.init_setl_id,
    settlement.pay_loc,
    settlement.insu_admdvs,
    settlement.upload_code,
    settlement.hi_paymtd,
    fen(settlement.medfee_sumamt) as fee_fen,
    coalesce(fen(settlement.inscp_scp_amt), 0) as inscope_fen,
    fen(settlement.hifp_pay) as fund_fen,
    coalesce(settlement.vali_flag, '1') = '0' as is_void,
    coalesce(settlement.refd_setl_flag, '0') = '1' as is_flagged_refund
from settlement
