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
 * What the user says about the choice of kernels.
 *
 * @param exact no kernel marked approximate
 * @param forced names of candidates by operation label, {@code conv2d -> [winograd_f4, direct]}:
 *     the first of them that can compute a node does, and no other may
 * @param tuned what was measured on the device; where that says nothing, the device's own model of
 *     costs decides
 */
public record KernelOptions(boolean exact, Map<String, List<String>> forced, Tuned tuned) {
  public static final KernelOptions DEFAULT = new KernelOptions(false, Map.of());

  public KernelOptions {
    forced =
        forced.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(Map.Entry::getKey, e -> List.copyOf(e.getValue())));
  }

  /** With one candidate for each operation that is forced, and nothing measured. */
  public KernelOptions(boolean exact, Map<String, String> forced) {
    this(
        exact,
        forced.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, e -> List.of(e.getValue()))),
        Tuned.NONE);
  }

  /** What a user writes to force a candidate. */
  public static String flag(String op, String name) {
    return "--kernel " + op + "=" + name;
  }

  /** What the user asked for of a node that nobody can compute so; empty where nothing. */
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
