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
    cast(settlement.medfee_sumamt * 100 as bigint) as fee_fen,
    cast(settlement.fund_pay_sumamt * 100 as bigint) as fund_total_fen,
    cast(settlement.psn_part_amt * 100 as bigint) as patient_fen,
    cast(coalesce(settlement.hosp_part_amt, 0) * 100 as bigint) as hospital_fen,
    cast(settlement.acct_pay * 100 as bigint) as account_fen,
    cast(settlement.psn_cash_pay * 100 as bigint) as cash_fen,
    cast(settlement.hifp_pay * 100 as bigint) as pooled_fen,
    cast(
        (
            coalesce(settlement.cvlserv_pay, 0) + coalesce(settlement.hifes_pay, 0)
            + coalesce(settlement.hifmi_pay, 0) + coalesce(settlement.hifob_pay, 0)
            + coalesce(settlement.hifdm_pay, 0) + coalesce(settlement.maf_pay, 0)
            + coalesce(settlement.oth_pay, 0)
        ) * 100 as bigint
    ) as supplement_fen
from settlement
where coalesce(settlement.vali_flag, '1') <> '0'
