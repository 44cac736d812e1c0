package org.drag4j.method;

import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Site;
import org.drag4j.pipeline.Scope;

/**
 * Which keys and values of the original go into the denoising of the edit.
 *
 * @param layers {@value #ALL}, {@value #DECODER} or a module path in which {@code *} stands for
 *     anything
 * @param first step of the way back, from 0
 * @param end the step after the last one
 * @param strength 1 replaces the edit's own keys and values, 0 leaves them
 */
public record Injection(String layers, int first, int end, double strength) {
  /** Every self-attention. */
  public static final String ALL = "all";

  /** The self-attentions of the up blocks. */
  public static final String DECODER = "decoder";

  /** Whether this step gets the original's keys and values. */
  boolean isAt(int step) {
    return step >= first && step < end && strength > 0;
  }

  /** The hook that stores the keys and values of these layers. */
  public static Hook capture(String layers) {
    return Hook.capture(sites(layers));
  }

  /** The keys and values that are stored and injected. */
  private static Predicate<Site> sites(String layers) {
    var path =
        switch (layers) {
          case ALL -> Pattern.compile(".*");
          case DECODER -> Pattern.compile("up_blocks\\..*");
          default -> Pattern.compile(glob(layers));
        };
    return site -> site.isSelfKeyOrValue() && path.matcher(site.path()).matches();
  }

  private static String glob(String text) {
    var pattern = new StringBuilder();
    for (String literal : text.split("\\*", -1)) {
      pattern.append(pattern.isEmpty() ? "" : ".*").append(Pattern.quote(literal));
    }
    return pattern.toString();
  }

  /**
   * The hook that injects the original's keys and values in place of the edit's own, or mixed with
   * these.
   */
  Hook hook(Scope scope) {
    var sites = sites(layers);
    if (strength == 1) {
      return Hook.inject(sites);
    }
    var own = scope.fixed("blend_own", new float[] {(float) (1 - strength)}, 1);
    var injected = scope.fixed("blend_injected", new float[] {(float) strength}, 1);
    return Hook.blend(sites, own, injected);
  }
}
