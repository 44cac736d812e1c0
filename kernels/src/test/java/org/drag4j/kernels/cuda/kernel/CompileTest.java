package org.drag4j.kernels.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.drag4j.kernels.cuda.kernel.Nvcc.Chip;
import org.drag4j.kernels.cuda.kernel.Nvcc.Use;
import org.junit.jupiter.api.Test;

/** The kernels compile for every chip within their budgets; needs nvcc but no GPU. */
final class CompileTest {
  private static final String BUDGET = "registers.txt";

  /** Registers every kernel may use on any chip; spills none may. */
  private static Map<String, Integer> budget() {
    return Shim.resource(BUDGET)
        .lines()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .map(line -> line.split(" +", -1))
        .collect(
            Collectors.toMap(
                words -> words[0], words -> Integer.parseInt(words[1]), (a, _) -> a, TreeMap::new));
  }

  private static List<String> overBudget(List<Use> uses, Map<String, Integer> budget) {
    var over = new ArrayList<String>();
    for (var u : uses) {
      int allowed = budget.getOrDefault(u.kernel(), 0);
      if (u.registers() > allowed) {
        over.add(u + ": expected at most " + allowed + " registers; see " + BUDGET);
      }
      if (u.spills() > 0) {
        over.add(u + ": expected no spills; use smaller tiles");
      }
    }
    return over;
  }

  @Test
  void everyKernelIsWithinItsBudget() throws IOException {
    assumeTrue(Nvcc.isPresent(), "no nvcc on the PATH: CUDA kernels are not compiled for GPUs");
    var uses = Nvcc.compile();
    assertEquals(List.of(), overBudget(uses, budget()));
    assertEquals(CudaKernels.all().size() * Chip.values().length, uses.size());
    var docs = Files.readString(Nvcc.repositoryFile("docs/kernels.md"));
    var version = Nvcc.version();
    if (docs.contains("nvcc " + version + ",")) {
      assertEquals(
          KernelTable.replaced(docs, KernelTable.table(version, uses)),
          docs,
          "docs/kernels.md: expected the table KernelTable writes; run it again");
    }
  }

  @Test
  void everyKernelHasABudgetAndARow() throws IOException {
    var names =
        CudaKernels.all().stream()
            .map(CudaKernel::name)
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(names, budget().keySet());
    var docs = Files.readString(Nvcc.repositoryFile("docs/kernels.md"));
    for (var name : names) {
      assertTrue(docs.contains("| " + name + " |"), name);
    }
  }

  @Test
  void everyBlockFitsOnEveryChip() {
    for (var kernel : CudaKernels.all()) {
      for (var chip : Chip.values()) {
        assertTrue(
            KernelTable.shared(kernel) <= chip.sharedOfABlock(), () -> kernel + " on " + chip);
      }
    }
  }

  @Test
  void aKernelOverBudgetIsFound() {
    var output =
        """
        ptxas info    : Compiling entry function 'unary_f16' for 'sm_90'
        ptxas info    : Function properties for unary_f16
            16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads
        ptxas info    : Used 40 registers, used 0 barriers, 16 bytes cumulative stack size
        """;
    var uses = Nvcc.parse(output);
    assertEquals(List.of(new Use("unary_f16", Chip.SM_90, 40, 16, 20)), uses);
    assertEquals(2, overBudget(uses, Map.of("unary_f16", 39)).size());
    assertEquals(1, overBudget(uses, Map.of("unary_f16", 40)).size());
  }

  /** Numbers of NVIDIA's occupancy calculator. */
  @Test
  void occupancy() {
    assertEquals(100, Chip.SM_80.occupancy(256, 32, 0));
    assertEquals(50, Chip.SM_80.occupancy(256, 64, 0));
    assertEquals(25, Chip.SM_80.occupancy(256, 97, 0));
    assertEquals(12, Chip.SM_90.occupancy(128, 216, 0));
    assertEquals(6, Chip.SM_80.occupancy(128, 40, 90 << 10));
  }
}
