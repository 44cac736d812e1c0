package org.drag4j.graph;

import java.util.function.Predicate;

/** Sees every exposed value while a graph is being built and may put another in its place. */
@FunctionalInterface
public interface Hook {
  /** The value the network goes on with at {@code site}. */
  Value at(Site site, Value value);

  /** Leaves everything as it is. */
  Hook NONE = (_, v) -> v;

  /** This hook, then {@code next} on its result. */
  default Hook then(Hook next) {
    return (site, v) -> next.at(site, at(site, v));
  }

  /**
   * Makes matching values outputs of the graph, named after their sites, each a {@link Port#BANK}.
   */
  static Hook capture(Predicate<Site> where) {
    return (site, v) -> where.test(site) ? v.output(site.toString(), Port.BANK) : v;
  }

  /**
   * Replaces matching values by inputs of the graph, named after their sites, each a {@link
   * Port#BANK}.
   */
  static Hook inject(Predicate<Site> where) {
    return (site, v) ->
        where.test(site) ? v.graph().input(site.toString(), v.shape(), v.dtype(), Port.BANK) : v;
  }

  /**
   * Mixes matching values with inputs of the graph from banks, named after their sites: {@code
   * value * own + input * injected}.
   *
   * @param own weight {@code [1]} of the graph's values; likewise {@code injected}
   */
  static Hook blend(Predicate<Site> where, Value own, Value injected) {
    var input = inject(where);
    return (site, v) -> where.test(site) ? v.times(own).plus(input.at(site, v).times(injected)) : v;
  }
}
