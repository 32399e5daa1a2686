"""Cases from the warehouse's own files in Polars: voids, duplicates, refunds, scope, APG groups."""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "2")

from fractions import Fraction

import polars as pl

import rules

FEN = pl.Int64


def fen(column):
    return (pl.col(column) * 100).cast(FEN)


def files(warehouse, table, years=None):
    """The partitions of some years, or all; the year is a column."""
    folders = sorted(warehouse.glob(f"{table}/year=*"))
    names = [f"year={year}" for year in years] if years else [folder.name for folder in folders]
    chosen = [folder / "**" / "*.parquet" for folder in folders if folder.name in names]
    return pl.scan_parquet([str(path) for path in chosen], hive_partitioning=True)


def valid():
    return pl.col("vali_flag").fill_null("1") != "0"


def build(warehouse, years):
    """The cases as a lazy frame: fixmedins_code, year, group_code, fee_fen, fund_fen."""
    policy = rules.policy()
    repeated, matched = reversals(warehouse)
    refund = matched.group_by(setl_id="init_setl_id").agg(
        back_fee=pl.col("fee_fen").abs().sum(), back_fund=pl.col("fund_fen").abs().sum())
    analysed = settlements(warehouse, years, policy["scope"], repeated, refund)
    roll = fees(warehouse, years, policy["grouping"]["apg"])
    taken = [pl.col(f"{letter}_taken").sum().alias(f"{letter}_back") for letter in rules.LETTERS]
    refund_fee = matched.lazy().select("setl_id", "init_setl_id").join(roll, on="setl_id")
    refund_fee = refund_fee.group_by(setl_id="init_setl_id").agg(*taken)
    net = [(pl.col(letter).fill_null(0) - pl.col(f"{letter}_back").fill_null(0)).alias(letter)
           for letter in rules.LETTERS]
    joined = (analysed.join(roll, on="setl_id", how="left")
              .join(refund_fee, on="setl_id", how="left").with_columns(*net))
    return joined.select("fixmedins_code", "year", "fee_fen", "fund_fen",
                         group_code=group_code(policy["grouping"]["apg"]))


def reversals(warehouse):
    """Repeated ids, and the reversals of any year that have their original (8.4)."""
    history = files(warehouse, "settlement").filter(valid())
    repeated = (history.group_by("setl_id")
                .agg(rows=pl.len(), is_conflicting=pl.col("row_digest").min()
                     != pl.col("row_digest").max())
                .filter(pl.col("rows") > 1).drop("rows").collect(engine="streaming"))
    rejected = repeated.filter("is_conflicting").select("setl_id")
    reversal = (history.filter(pl.col("init_setl_id") != "")
                .select("setl_id", "init_setl_id", fee_fen=fen("medfee_sumamt"),
                        fund_fen=fen("hifp_pay"))
                .join(rejected.lazy(), on="setl_id", how="anti").unique()
                .collect(engine="streaming"))
    originals = (history.filter(pl.col("init_setl_id").fill_null("") == "").select("setl_id")
                 .join(reversal.lazy(), left_on="setl_id", right_on="init_setl_id", how="semi")
                 .join(rejected.lazy(), on="setl_id", how="anti").collect(engine="streaming"))
    matched = reversal.join(originals, left_on="init_setl_id", right_on="setl_id", how="semi")
    return repeated, matched


def settlements(warehouse, years, scope, repeated, refund):
    """The analysed settlements of some years, amounts net of their reversals."""
    flagged = pl.col("refd_setl_flag").fill_null("0") == "1"
    refunded = pl.col("back_fee").is_not_null()
    fee = pl.col("fee_fen")
    area = pl.col("insu_admdvs").fill_null("")
    inside = pl.any_horizontal(area == "", *(area.str.starts_with(code)
                                             for code in scope["insu_admdvs"]))
    rows = (files(warehouse, "settlement", years)
            .filter(valid(), pl.col("init_setl_id").fill_null("") == "",
                    pl.col("insutype").is_in(scope["insutype"]),
                    pl.col("med_type").is_in(scope["med_type"]),
                    ~pl.col("pay_loc").fill_null("").is_in(["3", "4"]), inside)
            .select("setl_id", "fixmedins_code", "year", "dise_codg", "refd_setl_flag",
                    fee_fen=fen("medfee_sumamt"), fund_fen=fen("hifp_pay"))
            .join(repeated.lazy(), on="setl_id", how="left")
            .filter(~pl.col("is_conflicting").fill_null(False))
            .join(refund.lazy(), on="setl_id", how="left")
            .filter(~(flagged & (fee < 0)), ~(refunded & (fee <= pl.col("back_fee"))),
                    ~(flagged & (fee > 0) & ~refunded))
            .select("setl_id", "fixmedins_code", "year", "dise_codg",
                    again=pl.col("is_conflicting").is_not_null(),
                    fee_fen=fee - pl.col("back_fee").fill_null(0),
                    fund_fen=pl.col("fund_fen") - pl.col("back_fund").fill_null(0))
            .collect(engine="streaming"))
    return pl.concat([rows.filter(~pl.col("again")), rows.filter("again").unique()]).lazy()


def fees(warehouse, years, apg):
    """Fee lines without duplicates, summed to the classes."""
    classes = {code: letter for letter, codes in apg["charge_types"].items() for code in codes}
    lines = files(warehouse, "fee_item", (*years, 0)).select(
        "setl_id", "feedetl_sn", "row_digest", fen=fen("det_item_fee_sumamt"),
        letter=pl.col("med_chrgitm_type").replace_strict(
            classes, default=None, return_dtype=pl.String))
    repeated = (lines.group_by("setl_id", "feedetl_sn")
                .agg(pl.len(), pl.col("fen").min(), pl.col("letter").min(),
                     is_conflicting=pl.col("row_digest").min() != pl.col("row_digest").max())
                .filter(pl.col("len") > 1).collect(engine="streaming"))
    kept = ["setl_id", "fen", "letter"]
    once = lines.join(repeated.lazy(), on=["setl_id", "feedetl_sn"], how="anti").select(kept)
    again = repeated.filter(~pl.col("is_conflicting")).select(kept).lazy()
    of = lambda letter: pl.when(pl.col("letter") == letter).then(pl.col("fen")).otherwise(0)
    sums = [of(letter).sum().alias(letter) for letter in rules.LETTERS]
    taken = [of(letter).abs().sum().alias(f"{letter}_taken") for letter in rules.LETTERS]
    roll = pl.concat([once, again]).group_by("setl_id").agg(*sums, *taken)
    return roll.collect(engine="streaming").lazy()


def group_code(apg):
    share = Fraction(apg["important_share"])
    surgery, medicine, exams = (pl.col(letter) for letter in rules.LETTERS)
    important = lambda letter: pl.when(
        (pl.col(letter) > 0)
        & (pl.col(letter) * share.denominator >= share.numerator * pl.col("fee_fen"))
    ).then(pl.lit(letter)).otherwise(pl.lit(""))
    letters = (pl.when(pl.max_horizontal(*rules.LETTERS) <= 0).then(pl.lit(apg["fallback"]))
               .when((surgery >= medicine) & (surgery >= exams))
               .then(pl.lit("O") + important("M") + important("A"))
               .when(medicine >= exams).then(pl.lit("M") + important("A"))
               .otherwise(pl.lit("A")))
    disease = pl.col("dise_codg").fill_null("")
    return pl.when(disease != "").then(letters + "_" + disease)
