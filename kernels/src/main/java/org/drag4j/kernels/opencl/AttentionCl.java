package org.drag4j.kernels.opencl;

import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;

/** Attention with a running softmax: see attention.cl. */
final class AttentionCl {
  private static final String LABEL = "attention";
  private static final String SOURCE = "attention";

  /** Keys whose scores a work-item of a processor holds at a time, and that are turned together. */
  private static final int KEYS = 192;

  /** The same where results are to be exact: each such block is a sum of its own. */
  private static final int EXACT_KEYS = 128;

  private static final int TURNED = 16;

  /** Rows a power of 2 apart would all fall into the same few lines of the nearest cache. */
  private static final int APART = 16;

  private static final int PANEL = 64;
  private static final int NARROW = 16;

  /** Queries and keys of a work-group on a GPU, work-items it has, and what its tiles take. */
  private static final int GROUP_QUERIES = 16;

  private static final int GROUP_KEYS = 32;
  private static final int GROUP = 64;
  private static final long TILES = 8 << 10;

  private static final double LOG2E = 1 / Math.log(2);

  private final OpenClContext context;
  private final Value node;
  private final Op.Attention op;
  private final int images;
  private final int queries;
  private final int keys;
  private final int stride;
  private final int dim;
  private final int valueStride;
  private final boolean exact;

  private AttentionCl(OpenClContext context, Value node, Op.Attention op, boolean exact) {
    this.exact = exact;
    this.context = context;
    this.node = node;
    this.op = op;
    this.images = node.shape().dim(0);
    this.queries = node.shape().dim(1);
    this.keys = node.in(1).shape().dim(1);
    this.stride = node.shape().dim(2);
    this.dim = stride / op.heads();
    this.valueStride = Math.ceilDiv(keys, TURNED) * TURNED + APART;
  }

  /**
   * All that can run, the device's own choice first; none where the device has too little local
   * memory.
   */
  static SequencedMap<String, Kernel> candidates(OpenClContext context, Value node, boolean exact) {
    var all = new LinkedHashMap<String, Kernel>();
    if (node.op() instanceof Op.Attention op) {
      var a = new AttentionCl(context, node, op, exact);
      for (var variant : context.variant().both()) {
        a.select(variant).ifPresent(kernel -> all.put(variant.label(), kernel));
      }
    }
    return all;
  }

  private Optional<Kernel> select(Variant variant) {
    var name = LABEL + "_" + context.prefix() + "_flash_" + variant.label();
    long most = context.info().localMemory();
    return switch (variant) {
      case PANEL -> {
        int panel = queries > NARROW && panelMemory(PANEL) <= most ? PANEL : NARROW;
        yield panelMemory(panel) > most
            ? Optional.empty()
            : Optional.of(
                new Prepared(name + panel + parts(), panelWorkspace(), at -> bindPanel(at, panel)));
      }
      case TILE -> {
        int block = GROUP_QUERIES;
        while (block > 1 && tileMemory(block) > most) {
          block /= 2;
        }
        int chosen = block;
        yield tileMemory(block) > most
            ? Optional.empty()
            : Optional.of(new Prepared(name + block, at -> bindTile(at, chosen)));
      }
    };
  }

  private String parts() {
    return exact ? "_parts" : "";
  }

  /** Keys at a time on a processor. */
  private int keyBlock() {
    return Math.min(keys, exact ? EXACT_KEYS : KEYS);
  }

  private float scale() {
    return (float) (LOG2E / Math.sqrt(dim));
  }

  private long panelMemory(int panel) {
    return (long) Float.BYTES * panel * (2L * dim + keyBlock());
  }

  private long tileMemory(int block) {
    return TILES + (long) Float.BYTES * block * (2L * dim + GROUP_KEYS);
  }

  private long valueFloats() {
    return (long) images * stride * valueStride;
  }

  private long keyFloats() {
    return (long) images * keys * stride;
  }

  /** Values, transposed; then keys as floats, where they may not be that already. */
  private long panelWorkspace() {
    long keyRoom = node.in(1).dtype() == DType.F32 ? 0 : keyFloats();
    return Float.BYTES * (valueFloats() + keyRoom);
  }

  private Launch bindPanel(Bindings at, int panel) {
    var k = Operands.slot(at, node.in(1));
    var v = Operands.slot(at, node.in(2));
    var values = part(at.workspace(), 0, valueFloats());
    var turn =
        Call.of(context, SOURCE, Variant.PANEL, "attention_values")
            .slot(v)
            .slot(values)
            .arg(keys)
            .arg(stride)
            .arg(dim)
            .arg(valueStride)
            .arg(op.heads())
            .over(Math.ceilDiv(keys, TURNED), (long) images * op.heads());
    if (node.in(1).dtype() == DType.F32) {
      var attend = attend(at, k, values, panel);
      return () -> {
        turn.run();
        attend.run();
      };
    }
    var floats = part(at.workspace(), valueFloats(), keyFloats());
    long count = keyFloats();
    var widen =
        Call.of(context, "unary", Variant.PANEL, "unary_run")
            .slot(k)
            .slot(floats)
            .arg(count)
            .arg(Pieces.RUN)
            .arg(Epilogue.IDENTITY)
            .over(Math.ceilDiv(count, Pieces.RUN));
    var attend = attend(at, floats, values, panel);
    return () -> {
      turn.run();
      widen.run();
      attend.run();
    };
  }

  /** A part of scratch memory, which is bound once and for all. */
  private static Slot part(Slot workspace, long first, long count) {
    var t = workspace.tensor();
    return new Slot(
        new Tensor(
            t.memory(),
            t.offset() + first * Float.BYTES,
            Shape.of(Math.toIntExact(count)),
            DType.F32));
  }

  private Call attend(Bindings at, Slot k, Slot values, int panel) {
    int keyBlock = keyBlock();
    return Call.of(context, SOURCE, Variant.PANEL, "attention_panel" + panel + parts())
        .slot(Operands.slot(at, node.in(0)))
        .slot(k)
        .slot(values)
        .slot(at.slot(node))
        .arg(queries)
        .arg(keys)
        .arg(stride)
        .arg(dim)
        .arg(valueStride)
        .arg(op.heads())
        .arg(keyBlock)
        .arg(scale())
        .arg(op.causal() ? 1 : 0)
        .local((long) Float.BYTES * panel * dim)
        .local((long) Float.BYTES * panel * dim)
        .local((long) Float.BYTES * panel * keyBlock)
        .over(Math.ceilDiv(queries, panel), (long) images * op.heads());
  }

  private Launch bindTile(Bindings at, int block) {
    long[] groups = {Math.ceilDiv(queries, block), (long) images * op.heads()};
    return Call.of(context, SOURCE, Variant.TILE, "attention_tile")
            .slot(Operands.slot(at, node.in(0)))
            .slot(Operands.slot(at, node.in(1)))
            .slot(Operands.slot(at, node.in(2)))
            .slot(at.slot(node))
            .arg(queries)
            .arg(keys)
            .arg(stride)
            .arg(dim)
            .arg(op.heads())
            .arg(block)
            .arg(scale())
            .arg(op.causal() ? 1 : 0)
            .local((long) Float.BYTES * block * dim)
            .local((long) Float.BYTES * block * dim)
            .local((long) Float.BYTES * block * GROUP_KEYS)
            .groups(groups, GROUP, 1)
        ::run;
  }
}
