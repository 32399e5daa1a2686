-- model:  diagnosis
-- grain:  one row per row of diagnosis_as_exported
-- inputs: diagnosis_as_exported, settlement
-- params: none
-- checks: not_null(setl_id)
-- ref:    J11, E04
--
-- Diagnoses with national codes, in the shape of the table: this model stands in its place where
-- table `code_map` has codes of the kind. Each code is the one in force on the day of the settlement.
with

settled as (
    select
        id_key(settlement.setl_id) as setl_key,
        max(settlement.setl_time) as setl_time
    from settlement
    group by id_key(settlement.setl_id)
)

select
    diagnosis_as_exported.setl_id,
    diagnosis_as_exported.psn_no,
    national('diag_code', diagnosis_as_exported.diag_code, settled.setl_time) as diag_code,
    diagnosis_as_exported.diag_name,
    diagnosis_as_exported.diag_type,
    diagnosis_as_exported.diag_srt_no,
    diagnosis_as_exported.maindiag_flag,
    diagnosis_as_exported.row_digest
from diagnosis_as_exported
left join settled
    on id_key(diagnosis_as_exported.setl_id) = settled.setl_key
