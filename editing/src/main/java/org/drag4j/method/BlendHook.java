package org.drag4j.method;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Port;
import org.drag4j.graph.Site;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Mixes matching values with inputs of the graph that are named after their sites: {@code own * (1
 * - strength) + input * strength}. One hook is for one graph.
 */
public final class BlendHook implements Hook {
  private static final String OWN = "blend_own";
  private static final String INJECTED = "blend_injected";

  private final Predicate<Site> where;
  private final double strength;
  private @Nullable Value own;
  private @Nullable Value injected;

  /** A hook of this strength, 0 to 1. */
  public BlendHook(Predicate<Site> where, double strength) {
    this.where = where;
    this.strength = strength;
  }

  @Override
  public Value at(Site site, Value value) {
    if (!where.test(site)) {
      return value;
    }
    if (own == null || injected == null) {
      own = value.graph().input(OWN, Shape.of(1), value.dtype());
      injected = value.graph().input(INJECTED, Shape.of(1), value.dtype());
    }
    var input = value.graph().input(site.toString(), value.shape(), value.dtype(), Port.BANK);
    return value.times(own).plus(input.times(injected));
  }

  /** The inputs that hold the same number in every run; none where nothing matched. */
  public Map<String, Float> constants() {
    var constants = new HashMap<String, Float>();
    if (own != null) {
      constants.put(OWN, (float) (1 - strength));
      constants.put(INJECTED, (float) strength);
    }
    return constants;
  }
}
