-- model:  chk_code_row
-- grain:  one row per code written in a settlement, a fee line, a diagnosis or an operation
-- inputs: settlement, fee_item, diagnosis_as_exported, procedure_as_exported
-- params: $items
-- checks: not_null(column_name, setl_key, code, national_code)
-- ref:    J11, E04
--
-- Every code as exported and the national one it stands for on its day; codes of voided settlements
-- and of settlements not loaded are not looked at. Item codes only where `$items`: there are many.
with

stay as (
    select
        id_key(settlement.setl_id) as setl_key,
        max(settlement.setl_id) as setl_id,
        max(settlement.fixmedins_code) as fixmedins_code,
        max(settlement.dise_codg) as dise_codg,
        max(settlement.setl_time) as setl_time,
        max(fen(settlement.medfee_sumamt)) as fee_fen
    from settlement
    where coalesce(settlement.vali_flag, '1') <> '0'
    group by id_key(settlement.setl_id)
)

select
    'dise_codg' as column_name,
    stay.setl_key,
    stay.setl_id,
    stay.fixmedins_code,
    stay.fee_fen,
    stay.dise_codg as code,
    national('dise_codg', stay.dise_codg, stay.setl_time) as national_code
from stay
where stay.dise_codg <> ''
union all
select
    'diag_code' as column_name,
    stay.setl_key,
    stay.setl_id,
    stay.fixmedins_code,
    stay.fee_fen,
    diagnosis_as_exported.diag_code as code,
    national('diag_code', diagnosis_as_exported.diag_code, stay.setl_time) as national_code
from diagnosis_as_exported
inner join stay
    on id_key(diagnosis_as_exported.setl_id) = stay.setl_key
where diagnosis_as_exported.diag_code <> ''
union all
select
    'oprn_oprt_code' as column_name,
    stay.setl_key,
    stay.setl_id,
    stay.fixmedins_code,
    stay.fee_fen,
    procedure_as_exported.oprn_oprt_code as code,
    national('oprn_oprt_code', procedure_as_exported.oprn_oprt_code, stay.setl_time) as national_code
from procedure_as_exported
inner join stay
    on id_key(procedure_as_exported.setl_id) = stay.setl_key
where procedure_as_exported.oprn_oprt_code <> ''
union all
select
    'med_list_codg' as column_name,
    stay.setl_key,
    stay.setl_id,
    stay.fixmedins_code,
    stay.fee_fen,
    fee_item.med_list_codg as code,
    national('med_list_codg', fee_item.med_list_codg, fee_item.fee_ocur_time) as national_code
from fee_item
inner join stay
    on id_key(fee_item.setl_id) = stay.setl_key
where
    $items
    and fee_item.med_list_codg <> ''
