package org.drag4j.cli.option;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.drag4j.plan.Fusion;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The flags that choose kernels. */
final class KernelFlags {
  private static final String KERNEL = "--kernel";

  @Option(
      names = KERNEL,
      paramLabel = "OP=NAME",
      description =
          "Who does an operation, and nobody else: conv2d=direct, linear=cublaslt. Repeated for the"
              + " same operation, the first of the names that can. An unknown name is answered with"
              + " those of the device. Default: what drag4j tune has measured, else the device's"
              + " choice.")
  List<String> kernels = new ArrayList<>();

  @Option(
      names = "--no-fusion",
      paramLabel = "NAME|all",
      description =
          "Leave operations apart that would be one: group_norm_activation, conv2d_epilogue or"
              + " linear_epilogue. May be repeated.")
  Set<String> fusionsOff = new LinkedHashSet<>();

  /** Checks the values as far as that goes without a device. */
  void check(CommandSpec spec) {
    for (var kernel : kernels) {
      if (!kernel.matches("[^=]+=[^=]+")) {
        throw new ParameterException(
            spec.commandLine(), KERNEL + ": expected OP=NAME, conv2d=direct, got " + kernel);
      }
    }
    try {
      Fusion.check(fusionsOff);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** Names by operation, in the order in which they were given. */
  Map<String, List<String>> forced() {
    var forced = new TreeMap<String, List<String>>();
    for (var kernel : kernels) {
      int end = kernel.indexOf('=');
      forced
          .computeIfAbsent(kernel.substring(0, end), _ -> new ArrayList<>())
          .add(kernel.substring(end + 1));
    }
    return forced;
  }
}
