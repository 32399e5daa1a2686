//! The operator: one pass over rows sorted by person and institution.

use std::cmp::Ordering;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, DynComparator, Int64Array, RecordBatch,
    StringViewArray, make_comparator,
};
use datafusion::arrow::compute::{SortOptions, cast, concat_batches, partition};
use datafusion::arrow::datatypes::{
    DataType, FieldRef, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, LexRequirement, OrderingRequirements, PhysicalExpr,
    PhysicalSortRequirement,
};
use datafusion::physical_plan::execution_plan::{
    ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions, apply_expression_roots,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _,
    InputDistributionRequirements, PlanProperties, RecordBatchStream, SendableRecordBatchStream,
};
use futures::{Stream, StreamExt as _};

use crate::grouper::cycle::{Numbering, Visits, Window};
use crate::policy::model::Anchor;

const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// What one call of the function says.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    window: Window,
    time: Arc<dyn PhysicalExpr>,
    id: Arc<dyn PhysicalExpr>,
    stands_alone: Arc<dyn PhysicalExpr>,
    /// Group and year: only settlements with the same ones belong together.
    alike: Vec<Arc<dyn PhysicalExpr>>,
    /// Person, institution.
    by: Vec<Arc<dyn PhysicalExpr>>,
    field: FieldRef,
}

fn literal(expr: &Arc<dyn PhysicalExpr>) -> Option<&ScalarValue> {
    expr.downcast_ref::<Literal>().map(Literal::value)
}

impl Cycle {
    pub(super) fn new(
        args: &[Arc<dyn PhysicalExpr>],
        by: &[Arc<dyn PhysicalExpr>],
        field: FieldRef,
    ) -> Result<Self> {
        let [time, id, minutes, anchor, stands_alone, alike @ ..] = args else {
            return plan_err!(
                "`cycle_number` takes time, id, minutes, anchor, stands_alone, then group and year"
            );
        };
        if by.is_empty() {
            return plan_err!("`cycle_number` needs `over (partition by` person, institution`)`");
        }
        let Some(ScalarValue::Int64(Some(minutes))) = literal(minutes) else {
            return plan_err!("the minutes of `cycle_number` are a whole number, such as 1440");
        };
        let word = literal(anchor).and_then(|word| word.try_as_str().flatten());
        let anchor = match word {
            Some("first") => Anchor::First,
            Some("rolling") => Anchor::Rolling,
            Some("calendar_day") => Anchor::CalendarDay,
            _ => {
                return plan_err!(
                    "the anchor of `cycle_number` is 'first', 'rolling' or 'calendar_day'"
                );
            }
        };
        Ok(Self {
            window: Window { minutes: *minutes, anchor },
            time: Arc::clone(time),
            id: Arc::clone(id),
            stands_alone: Arc::clone(stands_alone),
            alike: alike.to_vec(),
            by: by.to_vec(),
            field,
        })
    }

    fn expressions(&self) -> impl Iterator<Item = &Arc<dyn PhysicalExpr>> {
        [&self.time, &self.id, &self.stands_alone].into_iter().chain(&self.alike).chain(&self.by)
    }

    fn columns(exprs: &[Arc<dyn PhysicalExpr>], batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        exprs.iter().map(|expr| expr.evaluate(batch)?.into_array(batch.num_rows())).collect()
    }

    fn column(
        expr: &Arc<dyn PhysicalExpr>,
        batch: &RecordBatch,
        kind: &DataType,
    ) -> Result<ArrayRef> {
        Ok(cast(&expr.evaluate(batch)?.into_array(batch.num_rows())?, kind)?)
    }

    /// The numbers of whole runs: no person and institution goes on beyond the batch.
    fn numbers(&self, batch: &RecordBatch) -> Result<Int64Array> {
        let times = Self::column(&self.time, batch, &TIME)?;
        let ids = Self::column(&self.id, batch, &DataType::Utf8View)?;
        let alone = Self::column(&self.stands_alone, batch, &DataType::Boolean)?;
        if times.null_count() > 0 {
            return exec_err!("`cycle_number` has no time in some row: coalesce it (A09)");
        }
        let (ids, alone): (&StringViewArray, &BooleanArray) =
            (ids.as_string_view(), alone.as_boolean());
        let alike = Self::columns(&self.alike, batch)?;
        let compare = alike
            .iter()
            .map(|column| make_comparator(column, column, SortOptions::default()))
            .collect::<Result<Vec<DynComparator>, _>>()?;
        let text = |row: usize| ids.is_valid(row).then(|| ids.value(row));
        let visits = Visits {
            times: times.as_primitive::<TimestampMicrosecondType>().values(),
            by_id: &|a, b| text(a).cmp(&text(b)),
            is_alike: &|a, b| compare.iter().all(|compare| compare(a, b) == Ordering::Equal),
            stands_alone: &|row| alone.is_valid(row) && alone.value(row),
        };
        let mut numbers = vec![0; batch.num_rows()];
        let mut numbering = Numbering::new(self.window);
        for run in partition(&Self::columns(&self.by, batch)?)?.ranges() {
            numbering.number(run, &visits, &mut numbers);
        }
        Ok(numbers.into())
    }
}

/// Adds the number of its cycle to every row.
#[derive(Debug, Clone)]
pub(super) struct CycleExec {
    input: Arc<dyn ExecutionPlan>,
    cycle: Cycle,
    /// Whether rows may be spread over partitions by person.
    spread: bool,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl CycleExec {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, cycle: Cycle, spread: bool) -> Result<Self> {
        let given = input.schema();
        let fields = given.fields().iter().cloned().chain([Arc::clone(&cycle.field)]);
        let metadata = given.metadata().clone();
        let schema = Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), metadata));
        let known = EquivalenceProperties::new(Arc::clone(&schema))
            .extend(input.equivalence_properties().clone())?;
        let properties = PlanProperties::new(
            known,
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            input.boundedness(),
        );
        let metrics = ExecutionPlanMetricsSet::new();
        Ok(Self { input, cycle, spread, schema, properties: Arc::new(properties), metrics })
    }
}

impl DisplayAs for CycleExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cycle { window, by, alike, .. } = &self.cycle;
        let names = |list: &[Arc<dyn PhysicalExpr>]| {
            list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        let (by, alike) = (names(by), names(alike));
        write!(
            f,
            "CycleExec: {:?} {} min, by=[{by}], alike=[{alike}]",
            window.anchor, window.minutes
        )
    }
}

impl ExecutionPlan for CycleExec {
    fn name(&self) -> &'static str {
        "CycleExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.cycle.expressions(), f)
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        self.input_distribution_requirements().into_per_child()
    }

    /// All rows of a person come to one place.
    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![match self.cycle.by.first() {
            Some(person) if self.spread => Distribution::KeyPartitioned(vec![Arc::clone(person)]),
            _ => Distribution::SinglePartition,
        }])
    }

    /// Sorted by person and institution as the files of the warehouse are. Any direction would do, but
    /// one left open is lost where several files meet, and each would be sorted again.
    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let order = SortOptions { descending: false, nulls_first: true };
        let by = self
            .cycle
            .by
            .iter()
            .map(|key| PhysicalSortRequirement::new(Arc::clone(key), Some(order)));
        vec![LexRequirement::new(by).map(OrderingRequirements::new)]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.swap_remove(0);
        Ok(match options.children_properties {
            ChildrenPropertiesMode::Keep => {
                Arc::new(Self { input, metrics: ExecutionPlanMetricsSet::new(), ..(*self).clone() })
            }
            ChildrenPropertiesMode::Recompute => {
                Arc::new(Self::new(input, self.cycle.clone(), self.spread)?)
            }
        })
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        Ok(Box::pin(CycleStream {
            input: self.input.execute(partition, context)?,
            cycle: self.cycle.clone(),
            schema: Arc::clone(&self.schema),
            metrics: BaselineMetrics::new(&self.metrics, partition),
            held: Vec::new(),
            done: false,
        }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Holds back the rows of the last person and institution until the next one begins.
struct CycleStream {
    input: SendableRecordBatchStream,
    cycle: Cycle,
    schema: SchemaRef,
    metrics: BaselineMetrics,
    held: Vec<RecordBatch>,
    done: bool,
}

impl CycleStream {
    /// Takes a batch; gives the rows that are complete with it.
    fn complete(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let runs = partition(&Cycle::columns(&self.cycle.by, &batch)?)?.ranges();
        let last = runs.last().map_or(0, |run| run.start);
        if last == 0 && self.goes_on(&batch)? {
            self.held.push(batch);
            return Ok(None);
        }
        let open = batch.slice(last, batch.num_rows() - last);
        let mut complete = std::mem::replace(&mut self.held, vec![open]);
        if last > 0 {
            complete.push(batch.slice(0, last));
        }
        self.number(&complete)
    }

    /// Whether the first row is of the person and institution of the rows held back.
    fn goes_on(&self, batch: &RecordBatch) -> Result<bool> {
        let Some(held) = self.held.last() else { return Ok(false) };
        let edge = |batch: &RecordBatch, row| Cycle::columns(&self.cycle.by, &batch.slice(row, 1));
        let (before, first) = (edge(held, held.num_rows() - 1)?, edge(batch, 0)?);
        for (before, first) in before.iter().zip(&first) {
            let compare = make_comparator(before, first, SortOptions::default())?;
            if compare(0, 0) != Ordering::Equal {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn number(&self, batches: &[RecordBatch]) -> Result<Option<RecordBatch>> {
        let Some(first) = batches.first() else { return Ok(None) };
        let _timer = self.metrics.elapsed_compute().timer();
        let batch = concat_batches(&first.schema(), batches)?;
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(self.cycle.numbers(&batch)?));
        Ok(Some(RecordBatch::try_new(Arc::clone(&self.schema), columns)?))
    }
}

impl Stream for CycleStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let found = loop {
            if self.done {
                return Poll::Ready(None);
            }
            let taken = match ready!(self.input.poll_next_unpin(cx)) {
                Some(batch) => batch.and_then(|batch| self.complete(batch)),
                None => {
                    self.done = true;
                    let held = std::mem::take(&mut self.held);
                    self.number(&held)
                }
            };
            if let Some(batch) = taken.transpose() {
                break batch;
            }
        };
        self.metrics.record_poll(Poll::Ready(Some(found)))
    }
}

impl RecordBatchStream for CycleStream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
