-- model:  stg_fee_item_flagged
-- grain:  one row per row of fee_item
-- inputs: fee_item
-- params: none
-- checks: not_null(setl_id, feedetl_sn, amount_fen)
-- ref:    A14, A17, A47, A48, H10, H11, J11, R16, Y33
--
-- stg_fee_item with the mark of negotiated drugs and the days that a drug lasts, whole, for policies that
-- ask for them: columns of the largest table are not read for nothing.
select
    fee_item.setl_id,
    fee_item.feedetl_sn,
    fee_item.row_digest,
    national('med_list_codg', fee_item.med_list_codg, fee_item.fee_ocur_time) as med_list_codg,
    fee_item.med_chrgitm_type,
    fee_item.hi_nego_drug_flag,
    cast(round(fee_item.prd_days) as bigint) as prd_days,
    fen(fee_item.det_item_fee_sumamt) as amount_fen
from fee_item
