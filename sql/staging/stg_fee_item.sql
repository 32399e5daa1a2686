-- model:  stg_fee_item
-- grain:  one row per row of fee_item
-- inputs: fee_item
-- params: none
-- checks: not_null(setl_id, feedetl_sn, amount_fen)
-- ref:    A14, A48, J11
--
-- Fee lines with what tells copies apart and what gives a line its class; yuan become fen, a local
-- item code becomes the national one in force on the day of the line, nothing else.
select
    fee_item.setl_id,
    fee_item.feedetl_sn,
    fee_item.row_digest,
    national('med_list_codg', fee_item.med_list_codg, fee_item.fee_ocur_time) as med_list_codg,
    fee_item.med_chrgitm_type,
    fen(fee_item.det_item_fee_sumamt) as amount_fen
from fee_item
