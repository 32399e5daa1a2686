-- model:  int_cases__reversal_fee_item
-- grain:  one row per fee line of a reversal settled in a year not asked for
-- inputs: fee_item_elsewhen, int_cases__reversal_match
-- params: none
-- checks: not_null(setl_id, feedetl_sn, amount_fen)
-- ref:    R14
--
-- A refund in January takes its lines away from a visit in December: lines of reversals, in the shape
-- of stg_fee_item_flagged, from the years in which reversals were settled beyond those asked for.
select
    fee_item_elsewhen.setl_id,
    fee_item_elsewhen.feedetl_sn,
    fee_item_elsewhen.row_digest,
    national('med_list_codg', fee_item_elsewhen.med_list_codg, fee_item_elsewhen.fee_ocur_time)
        as med_list_codg,
    fee_item_elsewhen.med_chrgitm_type,
    fee_item_elsewhen.hi_nego_drug_flag,
    cast(round(fee_item_elsewhen.prd_days) as bigint) as prd_days,
    fen(fee_item_elsewhen.det_item_fee_sumamt) as amount_fen
from fee_item_elsewhen
left semi join int_cases__reversal_match
    on fee_item_elsewhen.setl_id = int_cases__reversal_match.setl_id
