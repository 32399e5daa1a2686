-- Fen of class O, M and A of every settlement, net of its reversals (A14, R14, A48), and its letters:
-- the main class, then M and A where they are important beside it (at least 10 % of the fee). Lines of a
-- reversal count negative and are no lines of the settlement's own.

-- stage lines
line as (
    select distinct
        setl_id, feedetl_sn, med_chrgitm_type, cast(det_item_fee_sumamt * 100 as bigint) as fen,
        coalesce(hi_nego_drug_flag, '') as hi_nego_drug_flag, row_digest
    from fee_item
),
counted as (
    select *, count(*) over (partition by setl_id, feedetl_sn) as copies from line
)
select * from counted where copies = 1

-- stage classed
signed as (
    select netted.setl_id, lines.med_chrgitm_type, lines.hi_nego_drug_flag, lines.fen, 1 as is_own
    from netted join lines on lines.setl_id = netted.setl_id
    union all
    select netted.setl_id, lines.med_chrgitm_type, lines.hi_nego_drug_flag, -abs(lines.fen), 0
    from back
    join netted on netted.setl_id = back.init_setl_id
    join lines on lines.setl_id = back.setl_id
),
class_sum as (
    select
        setl_id,
        sum(case when med_chrgitm_type in ('05', '06') then fen else 0 end) as o,
        sum(case when med_chrgitm_type in ('09', '10', '11') then fen else 0 end) as m,
        sum(case when med_chrgitm_type in ('03', '04') then fen else 0 end) as a,
        sum(case when hi_nego_drug_flag = '1' then fen else 0 end) as negotiated,
        sum(is_own) as own_lines
    from signed
    group by setl_id
)
select
    netted.*, coalesce(o, 0) as o, coalesce(m, 0) as m, coalesce(a, 0) as a,
    coalesce(negotiated, 0) as negotiated, coalesce(own_lines, 0) as own_lines,
    case
        when greatest(coalesce(o, 0), coalesce(m, 0), coalesce(a, 0)) <= 0 then 'QY'
        when o >= m and o >= a then
            'O' || case when m > 0 and m * 10 >= fee then 'M' else '' end
            || case when a > 0 and a * 10 >= fee then 'A' else '' end
        when m >= a then 'M' || case when a > 0 and a * 10 >= fee then 'A' else '' end
        else 'A'
    end as letters
from netted left join class_sum on class_sum.setl_id = netted.setl_id
