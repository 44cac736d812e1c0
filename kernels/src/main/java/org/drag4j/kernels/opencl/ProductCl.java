package org.drag4j.kernels.opencl;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;

/**
 * Activations times packed weights: linear layers and, as implicit matrix products, convolutions.
 * Channels being innermost, one row of a window is one run of {@code kw * I} numbers of the zero
 * padded picture.
 */
final class ProductCl {
  /** Columns of a panel, and of one for few columns. */
  private static final int PANEL = 64;

  private static final int NARROW = 16;

  /** Rows of a register tile for each. */
  private static final int ROWS = 6;

  private static final int NARROW_ROWS = 12;

  /** Rows a work-item does at most: with the panel's weights in the cache. */
  private static final int BLOCK = 48;

  /** With fewer work-items a processor than this, shorter blocks are better. */
  private static final int ITEMS_A_UNIT = 8;

  /** Rows, and work-items along each side, of a work-group on a GPU. */
  private static final int TILE = 64;

  private static final int SIDE = 16;

  private final OpenClContext context;
  private final Value node;
  private final Epilogue epilogue;
  private final Shape shape;

  /** What names end in whose kernels make long sums of shorter ones. */
  private final String parts;

  /**
   * The product as a convolution of pictures {@code [pictures, fromHeight, fromWidth, channels]} to
   * {@code [pictures, height, width, columns]}; a linear layer is one of 1 by 1 on a line of
   * pixels.
   */
  private record Shape(
      int pictures,
      int fromHeight,
      int fromWidth,
      int channels,
      int height,
      int width,
      int columns,
      int kernelHeight,
      int kernelWidth,
      int stride,
      int before,
      int after) {
    static Shape of(Value node) {
      var w = node.in(1).shape();
      if (node.op().body() instanceof Op.Conv2d conv) {
        var x = node.in(0).shape();
        return new Shape(
            x.dim(0),
            x.dim(1),
            x.dim(2),
            x.dim(3),
            node.shape().dim(1),
            node.shape().dim(2),
            w.dim(0),
            w.dim(1),
            w.dim(2),
            conv.stride(),
            conv.padBefore(),
            conv.padAfter());
      }
      int rows = Math.toIntExact(node.shape().size() / w.dim(0));
      return new Shape(1, 1, rows, w.dim(1), 1, rows, w.dim(0), 1, 1, 1, 0, 0);
    }

    int rows() {
      return Math.multiplyExact(pictures, height * width);
    }

    int taps() {
      return kernelHeight * kernelWidth;
    }

    int inner() {
      return taps() * channels;
    }

    boolean padded() {
      return before > 0 || after > 0;
    }

    int paddedHeight() {
      return before + fromHeight + after;
    }

    int paddedWidth() {
      return before + fromWidth + after;
    }

    long paddedSize() {
      return (long) pictures * paddedHeight() * paddedWidth() * channels;
    }
  }

  private ProductCl(OpenClContext context, Value node, Epilogue epilogue, boolean exact) {
    this.context = context;
    this.node = node;
    this.epilogue = epilogue;
    this.parts = exact ? "_parts" : "";
    this.shape = Shape.of(node);
  }

  /**
   * All that can run, the device's own choice first; none where an operand is not floating point,
   * or the kernels do not have a fused stage.
   *
   * @param cuts whether panels are to be had cut in other ways as well
   */
  static SequencedMap<String, Kernel> candidates(
      OpenClContext context, Value node, boolean exact, boolean cuts) {
    var all = new LinkedHashMap<String, Kernel>();
    var epilogue = Epilogue.of(node);
    if (epilogue.isEmpty() || !Operands.floating(node)) {
      return all;
    }
    var product = new ProductCl(context, node, epilogue.get(), exact);
    var name = node.op().label() + "_" + context.prefix() + "_";
    for (var variant : context.variant().both()) {
      all.put(
          variant.label(),
          switch (variant) {
            case PANEL -> product.panelKernel(name, Optional.empty());
            case TILE ->
                new Prepared(
                    name + "tile_64x64" + product.parts,
                    Factors.workspaceBytes(node, TILE, 0),
                    product::bindTile);
          });
    }
    if (cuts && context.variant() == Variant.PANEL) {
      for (var cut : Cut.ALL) {
        all.put(cut.label(), product.panelKernel(name, Optional.of(cut)));
      }
    }
    return all;
  }

  /** Names of the ways in which panels are cut. */
  static List<String> cuts() {
    return Cut.ALL.stream().map(Cut::label).toList();
  }

  private Kernel panelKernel(String name, Optional<Cut> cut) {
    return new Prepared(
        name + "panel_" + tileRows() + "x" + panel() + parts,
        Factors.workspaceBytes(node, panel(), paddedBytes()),
        at -> bindPanel(at, cut));
  }

  /**
   * How work is cut between work-items.
   *
   * @param rows of one
   * @param panelsFirst whether neighbours do the same rows, or else the same panel
   */
  private record Cut(int rows, boolean panelsFirst) {
    /** Whole register tiles of either height. */
    static final List<Cut> ALL =
        Stream.of(12, 24, 48, 96)
            .flatMap(rows -> Stream.of(new Cut(rows, false), new Cut(rows, true)))
            .toList();

    /** As options spell it. */
    String label() {
      return Variant.PANEL.label() + "_" + rows + (panelsFirst ? "_panels" : "_rows");
    }
  }

  private int panel() {
    return shape.columns() <= 2 * NARROW ? NARROW : PANEL;
  }

  private int tileRows() {
    return panel() == NARROW ? NARROW_ROWS : ROWS;
  }

  /** Room for the operand as floats between zeros, where it may not be that already. */
  private long paddedBytes() {
    return inPlace() ? 0 : shape.paddedSize() * Float.BYTES;
  }

  private boolean inPlace() {
    return !shape.padded() && node.in(0).dtype() == DType.F32;
  }

  private Launch bindPanel(Bindings at, Optional<Cut> cut) {
    var x = Operands.slot(at, node.in(0));
    var factors = Factors.of(context, node, at, panel(), paddedBytes());
    if (inPlace()) {
      return factors.before(panel(at, x, factors, cut)::run);
    }
    var padded = at.workspace();
    var pad = pad(x, padded);
    var product = panel(at, padded, factors, cut);
    return factors.before(() -> {
      pad.run();
      product.run();
    });
  }

  private Call pad(Slot x, Slot padded) {
    int length = shape.paddedWidth() * shape.channels();
    return Call.of(context, "pad", Variant.PANEL, "pad_line")
        .slot(x)
        .slot(padded)
        .arg(shape.fromHeight())
        .arg(shape.fromWidth())
        .arg(shape.channels())
        .arg(shape.before())
        .arg(shape.paddedHeight())
        .arg(shape.paddedWidth())
        .arg(Pieces.RUN)
        .over(Math.ceilDiv(length, Pieces.RUN), (long) shape.pictures() * shape.paddedHeight());
  }

  private Call panel(Bindings at, Slot a, Factors factors, Optional<Cut> given) {
    int panel = panel();
    int panels = Math.ceilDiv(shape.columns(), panel);
    var cut = given.orElseGet(() -> new Cut(block(panels), panelsFirst(factors)));
    int block = cut.rows();
    boolean panelsFirst = cut.panelsFirst();
    long line = (long) shape.paddedWidth() * shape.channels();
    int length = shape.kernelWidth() * shape.channels();
    var call =
        operands(
                Call.of(context, "product", Variant.PANEL, "product_panel" + panel + parts).slot(a),
                at,
                factors)
            .arg(panelsFirst ? 1 : 0)
            .arg(block)
            .arg(shape.width())
            .arg(shape.height())
            .arg((long) shape.stride() * shape.channels())
            .arg(shape.stride() * line)
            .arg(shape.paddedHeight() * line)
            .arg(shape.kernelHeight())
            .arg(length)
            .arg(line);
    long blocks = Math.ceilDiv(shape.rows(), block);
    epilogue.addTo(call, at);
    return panelsFirst ? call.over(panels, blocks) : call.over(blocks, panels);
  }

  /**
   * Whether the weights are the smaller operand: it is gone through again for each part of the
   * larger.
   */
  private boolean panelsFirst(Factors factors) {
    long bytes = (long) shape.inner() * shape.columns() * factors.weight().tensor().dtype().bytes();
    return bytes < shape.paddedSize() * Float.BYTES;
  }

  /** Rows of a work-item: few enough that every processor gets some, whole tiles. */
  private int block(int panels) {
    int tile = tileRows();
    long wanted = (long) ITEMS_A_UNIT * context.info().units();
    long rows = (long) shape.rows() * panels / wanted;
    return Math.clamp(rows / tile * tile, tile, BLOCK / tile * tile);
  }

  private Launch bindTile(Bindings at) {
    var x = Operands.slot(at, node.in(0));
    var factors = Factors.of(context, node, at, TILE, 0);
    boolean half =
        context.info().extensions().half()
            && node.in(0).dtype() == DType.F16
            && factors.weight().tensor().dtype() == DType.F16;
    var name = (half ? "product_tile64_half" : "product_tile64") + parts;
    var call =
        operands(Call.of(context, "product", Variant.TILE, name).slot(x), at, factors)
            .arg(shape.inner())
            .arg(shape.fromHeight())
            .arg(shape.fromWidth())
            .arg(shape.channels())
            .arg(shape.height())
            .arg(shape.width())
            .arg(shape.kernelWidth())
            .arg(shape.stride())
            .arg(shape.before());
    long[] groups = {Math.ceilDiv(shape.columns(), TILE), Math.ceilDiv(shape.rows(), TILE)};
    return factors.before(epilogue.addTo(call, at).groups(groups, SIDE, SIDE)::run);
  }

  /** Weights, bias, result and its size. */
  private Call.Builder operands(Call.Builder call, Bindings at, Factors factors) {
    return factors.addTo(call).slot(at.slot(node)).arg(shape.rows()).arg(shape.columns());
  }
}
