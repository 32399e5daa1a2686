-- model:  stg_settlement_amount
-- grain:  one row per row of settlement that is not void
-- inputs: settlement
-- params: none
-- checks: not_null(setl_id, fee_fen)
-- ref:    E02
--
-- All amounts of a settlement in fen, for the identities of 8.1. An amount that was not exported
-- stays null: an identity with a missing side is not judged. Supplements count 0 when missing.
select
    settlement.setl_id,
    settlement.fixmedins_code,
    cast(extract(year from settlement.setl_time) as bigint) as setl_year,
    fen(settlement.medfee_sumamt) as fee_fen,
    fen(settlement.fund_pay_sumamt) as fund_total_fen,
    fen(settlement.psn_part_amt) as patient_fen,
    coalesce(fen(settlement.hosp_part_amt), 0) as hospital_fen,
    fen(settlement.acct_pay) as account_fen,
    fen(settlement.psn_cash_pay) as cash_fen,
    fen(settlement.hifp_pay) as pooled_fen,
    coalesce(fen(settlement.cvlserv_pay), 0) + coalesce(fen(settlement.hifes_pay), 0)
    + coalesce(fen(settlement.hifmi_pay), 0) + coalesce(fen(settlement.hifob_pay), 0)
    + coalesce(fen(settlement.hifdm_pay), 0) + coalesce(fen(settlement.maf_pay), 0)
    + coalesce(fen(settlement.oth_pay), 0) as supplement_fen
from settlement
where coalesce(settlement.vali_flag, '1') <> '0'
