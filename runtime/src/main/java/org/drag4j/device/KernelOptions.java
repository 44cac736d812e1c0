package org.drag4j.device;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.graph.Value;

/**
 * The user's constraints on the choice of kernels.
 *
 * @param exact whether approximate kernels are excluded
 * @param forced names of candidates by operation label, {@code conv2d -> [winograd_f4, direct]}:
 *     the first that can compute a node is taken, and none that is not named
 * @param tuned candidates by measured speed; for a shape that was not measured the device's cost
 *     model decides
 */
public record KernelOptions(boolean exact, Map<String, List<String>> forced, Tuned tuned) {
  public static final KernelOptions DEFAULT = new KernelOptions(false, Map.of());

  public KernelOptions {
    forced =
        forced.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(Map.Entry::getKey, e -> List.copyOf(e.getValue())));
  }

  /** Options with one candidate for each forced operation, and nothing measured. */
  public KernelOptions(boolean exact, Map<String, String> forced) {
    this(
        exact,
        forced.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, e -> List.of(e.getValue()))),
        Tuned.NONE);
  }

  /** The flag with which a user forces a candidate. */
  public static String flag(String op, String name) {
    return "--kernel " + op + "=" + name;
  }

  /** The flags that force candidates for the node's operation, as error messages repeat them. */
  public String asked(Value node) {
    var label = node.op().label();
    return forced.getOrDefault(label, List.of()).stream()
        .map(name -> " " + flag(label, name))
        .collect(Collectors.joining());
  }

  /** Whether the user named candidates for the node's operation. */
  public boolean forces(Value node) {
    return forced.containsKey(node.op().label());
  }

  /**
   * Names of candidates in the order in which they are to be tried.
   *
   * @param own those that may be able to compute the node, the device's own choice first
   */
  public List<String> order(Value node, SequencedSet<String> own) {
    var names = forced.get(node.op().label());
    if (names != null) {
      return names.stream().filter(own::contains).toList();
    }
    var order = new LinkedHashSet<>(tuned.of(node));
    order.retainAll(own);
    order.addAll(own);
    return List.copyOf(order);
  }

  /**
   * A device's own kernels in the order in which they are to be tried.
   *
   * @param own those that can compute the node, by variant, the device's own choice first
   */
  public Stream<Candidate> order(Value node, SequencedMap<String, Kernel> own) {
    return order(node, own.sequencedKeySet()).stream()
        .flatMap(name -> Stream.ofNullable(own.get(name)).map(k -> Candidate.own(name, k)));
  }
}
