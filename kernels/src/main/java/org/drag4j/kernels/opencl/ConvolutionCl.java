package org.drag4j.kernels.opencl;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Value;

/** Convolutions: as a matrix product, or by Winograd's where that is less work. */
final class ConvolutionCl {
  private ConvolutionCl() {}

  private record Filtering(WinogradCl winograd, WinogradCl.Size size) {}

  /**
   * All that can run, the device's own choice first: on a processor what is cheapest by the number
   * of multiplications, on a GPU the plain product. There Winograd must be forced.
   */
  static SequencedMap<String, Kernel> candidates(
      OpenClContext context, Value node, KernelOptions options) {
    var all = new LinkedHashMap<String, Kernel>();
    var epilogue = Epilogue.of(node);
    if (epilogue.isEmpty() || !Operands.floating(node)) {
      return all;
    }
    var w = node.in(1).shape(); // [O, kh, kw, I]
    long direct = node.shape().size() / w.dim(0) * w.size();
    var filterings = new LinkedHashMap<String, Filtering>();
    for (var size : WinogradCl.Size.values()) {
      boolean wanted = context.variant() == Variant.PANEL || options.forces(node);
      if (wanted && !(options.exact() && size.approximate())) {
        WinogradCl.of(context, node, epilogue.get(), size, options.exact())
            .ifPresent(f -> filterings.put(size.label(), new Filtering(f, size)));
      }
    }
    boolean cuts = filterings.isEmpty() || options.forces(node);
    var products = ProductCl.candidates(context, node, options.exact(), cuts);
    filterings.values().stream()
        .filter(f -> f.winograd().cost() < direct)
        .sorted(Comparator.comparingLong(f -> f.winograd().cost()))
        .forEach(f -> all.put(f.size().label(), f.winograd().kernel()));
    all.putAll(products);
    filterings.values().forEach(f -> all.putIfAbsent(f.size().label(), f.winograd().kernel()));
    return all;
  }
}
