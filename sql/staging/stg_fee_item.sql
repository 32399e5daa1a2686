-- model:  stg_fee_item
-- grain:  one row per row of fee_item
-- inputs: fee_item
-- params: none
-- checks: not_null(setl_id, feedetl_sn, amount_fen)
-- ref:    A14, Y07, Y10, Y11
--
-- Fee lines with the class letter (O, M, A or none) that the policy gives to the item, and whether
-- the item stands on the policy's list of important items of that class.
select
    fee_item.setl_id,
    fee_item.feedetl_sn,
    fee_item.row_digest,
    cast(fee_item.det_item_fee_sumamt * 100 as bigint) as amount_fen,
    item_class(fee_item.med_list_codg, fee_item.med_chrgitm_type) as class,
    item_important(fee_item.med_list_codg, fee_item.med_chrgitm_type) as is_important
from fee_item
