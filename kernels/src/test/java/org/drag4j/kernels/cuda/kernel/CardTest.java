package org.drag4j.kernels.cuda.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import org.drag4j.kernels.cuda.driver.FakeCudaDriver;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;

/** What runs the kernels' tests on a GPU, tried with the driver in Java. */
final class CardTest {
  private static Card card() {
    var shim = Shim.original();
    var driver = new FakeCudaDriver(1L << 28);
    for (var kernel : CudaKernels.all()) {
      driver.with(
          kernel.name(),
          (device, shape, arguments) -> shim.run(kernel, shape, arguments, device.memory()));
    }
    return Card.of(
        driver,
        0,
        file ->
            CudaKernels.all().stream()
                .filter(k -> k.file().equals(file))
                .map(CudaKernel::name)
                .collect(Collectors.joining(" "))
                .getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void kernelsFindTheirBuffersThere() {
    var card = card();
    for (var type : new DType[] {DType.F16, DType.F32}) {
      var d = NormTest.layerNorm(card, type, 5, 36, 4, 2);
      assertTrue(d.ok(), () -> type + ": " + d);
    }
  }
}
