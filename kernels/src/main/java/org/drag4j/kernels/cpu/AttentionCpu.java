package org.drag4j.kernels.cpu;

import java.util.Arrays;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/**
 * Attention block by block with a running softmax, so that the scores are never in memory as a
 * whole (Dao et al.: FlashAttention, 2022).
 *
 * <p>Vector lanes are queries: a task takes a panel's width of them and one head, and computes the
 * scores as {@code K Q^T} and the result as {@code V^T P^T}. Maxima, sums and powers are then plain
 * operations between vectors, and no head size wastes lanes.
 */
final class AttentionCpu implements Kernel {
  /** Keys whose scores are held at a time. */
  private static final int KEYS = 384;

  /** Keys that are transposed together. */
  private static final int TILE = 16;

  /** Rows a power of 2 apart would all fall into the same few lines of the nearest cache. */
  private static final int APART = 16;

  private static final double LOG2E = 1 / Math.log(2);

  private final CpuContext context;
  private final Value node;
  private final boolean causal;
  private final int heads;
  private final int images;
  private final int queries;
  private final int keys;

  /** Floats from one token to the next: all heads. */
  private final int stride;

  private final int dim;

  /** Floats from one dimension of the transposed values to the next. */
  private final int valueStride;

  AttentionCpu(CpuContext context, Value node) {
    var op = (Op.Attention) node.op();
    this.context = context;
    this.node = node;
    this.causal = op.causal();
    this.heads = op.heads();
    this.images = node.shape().dim(0);
    this.queries = node.shape().dim(1);
    this.keys = node.in(1).shape().dim(1);
    this.stride = node.shape().dim(2);
    this.dim = stride / heads;
    this.valueStride = Math.ceilDiv(keys, TILE) * TILE + APART;
  }

  @Override
  public String name() {
    return "attention_f32_flash";
  }

  /** {@inheritDoc} Holds the values {@code [images][heads * D][valueStride]}, transposed. */
  @Override
  public long workspaceBytes() {
    return (long) Float.BYTES * images * stride * valueStride;
  }

  @Override
  public Launch bind(Bindings at) {
    var call = new Call(at);
    return call::enqueue;
  }

  /** The kernel with its operands' places. A thread's scratch memory: Q^T, O^T, scores, state. */
  private final class Call {
    private final Place q;
    private final Place k;
    private final Place v;
    private final Place values;
    private final Place y;
    private final Gemm gemm = context.gemm();
    private final RowMath math = context.math();
    private final int width = gemm.panelWidth();
    private final int panels = Math.ceilDiv(queries, width);
    private final int tiles = Math.ceilDiv(keys, TILE);
    private final int keyBlock;
    private final int output = dim * width;
    private final int scores = 2 * output;
    private final int state;
    private final float scale = (float) (LOG2E / Math.sqrt(dim));
    private final int[] keyRows = rows(keys, stride);
    private final int[] valueRows = rows(dim, valueStride);
    private final Workers.Task transposing = (index, _) -> transpose(index);
    private final Workers.Task attending = this::attend;

    Call(Bindings at) {
      q = Place.of(at, node.in(0));
      k = Place.of(at, node.in(1));
      v = Place.of(at, node.in(2));
      values = Place.of(at.workspace());
      y = Place.of(at, node);
      keyBlock = Math.min(keys, KEYS);
      state = scores + keyBlock * width;
      context.reserveScratch(state + 4 * width);
    }

    private static int[] rows(int count, int stride) {
      var rows = new int[count];
      for (int i = 0; i < count; i++) {
        rows[i] = i * stride;
      }
      return rows;
    }

    void enqueue() {
      q.lookUp();
      k.lookUp();
      v.lookUp();
      values.lookUp();
      y.lookUp();
      context.workers().run(images * heads * tiles, transposing);
      context.workers().run(images * heads * panels, attending);
    }

    private void transpose(int index) {
      var from = v.floats();
      var to = values.floats();
      int head = index / tiles;
      int first = index % tiles * TILE;
      int count = Math.min(TILE, keys - first);
      int source = v.start() + (head / heads * keys + first) * stride + head % heads * dim;
      int target = values.start() + head * dim * valueStride + first;
      for (int d = 0; d < dim; d++) {
        for (int i = 0; i < count; i++) {
          to[target + i] = from[source + i * stride + d];
        }
        target += valueStride;
      }
    }

    private void attend(int index, int thread) {
      int head = index / panels;
      int first = index % panels * width;
      int count = Math.min(width, queries - first);
      // Of the image's tokens, the head's part.
      int part = head % heads * dim;
      int at = (head / heads * queries + first) * stride + part;
      int keyStart = k.start() + head / heads * keys * stride + part;
      int valueStart = values.start() + head * dim * valueStride;
      var mine = context.scratch(thread);
      loadQueries(mine, q.start() + at, count);
      Arrays.fill(mine, state, state + width, RowMath.LOWEST);
      Arrays.fill(mine, state + width, state + 2 * width, 0);
      int end = causal ? Math.min(keys, first + count) : keys;
      for (int from = 0; from < end; from += keyBlock) {
        int some = Math.min(keyBlock, end - from);
        gemm.panel(
            k.floats(),
            keyRows,
            from,
            some,
            keyStart,
            mine,
            0,
            dim,
            context.zeros(),
            0,
            0,
            mine,
            scores,
            width);
        if (causal) {
          hideLater(mine, from - first, some);
        }
        boolean raised = math.softmax(mine, scores, some, width, mine, state);
        boolean more = from > 0;
        if (more && raised) {
          shrink(mine);
        }
        gemm.panel(
            values.floats(),
            valueRows,
            0,
            dim,
            valueStart + from,
            mine,
            scores,
            some,
            more ? mine : context.zeros(),
            more ? output : 0,
            more ? width : 0,
            mine,
            output,
            width);
      }
      store(mine, y.start() + at, count);
    }

    /** Q^T [D, width], scaled; columns beyond {@code count} are zero. */
    private void loadQueries(float[] mine, int start, int count) {
      var from = q.floats();
      for (int d = 0; d < dim; d++) {
        int to = d * width;
        for (int i = 0; i < count; i++) {
          mine[to + i] = from[start + i * stride + d] * scale;
        }
        Arrays.fill(mine, to + count, to + width, 0);
      }
    }

    /** Lets no query see later keys; {@code ahead} is the first key less the first query. */
    private void hideLater(float[] mine, int ahead, int some) {
      for (int r = Math.max(0, -ahead); r < some; r++) {
        int row = scores + r * width;
        Arrays.fill(mine, row, row + Math.min(width, ahead + r), RowMath.LOWEST);
      }
    }

    private void shrink(float[] mine) {
      for (int d = 0; d < dim; d++) {
        math.multiply(mine, output + d * width, mine, state + 2 * width, width);
      }
    }

    private void store(float[] mine, int start, int count) {
      var to = y.floats();
      for (int i = 0; i < count; i++) {
        float factor = 1 / mine[state + width + i];
        int row = start + i * stride;
        for (int d = 0; d < dim; d++) {
          to[row + d] = mine[output + d * width + i] * factor;
        }
      }
    }
  }
}
