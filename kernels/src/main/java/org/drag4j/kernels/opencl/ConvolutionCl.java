package org.drag4j.kernels.opencl;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Value;

/** Convolutions: as a matrix product, or by minimal filtering where that is less work. */
final class ConvolutionCl {
  private static final String LABEL = "conv2d";

  private ConvolutionCl() {}

  /**
   * The cheapest on a processor, by the number of multiplications: measured at run time, results
   * would vary. A GPU takes the plain product unless the options name another.
   */
  static Optional<Kernel> select(OpenClContext context, Value node, KernelOptions options) {
    var epilogue = Epilogue.of(node);
    if (epilogue.isEmpty() || !Operands.fit(node)) {
      return Optional.empty();
    }
    var best = Product.select(context, node, options);
    var w = node.in(1).shape(); // [O, kh, kw, I]
    long least = best.isEmpty() ? Long.MAX_VALUE : node.shape().size() / w.dim(0) * w.size();
    for (var size : WinogradCl.Size.values()) {
      boolean wanted = context.variant() == Variant.PANEL || options.variants().containsKey(LABEL);
      if (!wanted
          || !options.allows(LABEL, size.label())
          || (options.exact() && size.approximate())) {
        continue;
      }
      var winograd = WinogradCl.of(context, node, epilogue.get(), size);
      if (winograd.isPresent() && winograd.get().cost() < least) {
        least = winograd.get().cost();
        best = Optional.of(winograd.get().kernel());
      }
    }
    return best;
  }
}
