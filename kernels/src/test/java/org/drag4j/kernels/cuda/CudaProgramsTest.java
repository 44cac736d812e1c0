package org.drag4j.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.drag4j.device.DeviceException;
import org.drag4j.kernels.cuda.driver.CudaCompiler;
import org.drag4j.kernels.cuda.driver.CudaSource;
import org.drag4j.kernels.cuda.driver.FakeCudaDriver;
import org.drag4j.kernels.cuda.driver.ProgramCache;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaProgramsTest {
  private final List<String> compiled = new ArrayList<>();

  /** Notes what it is asked for, and answers with the chip's name. */
  private final CudaCompiler compiler =
      new CudaCompiler() {
        @Override
        public String version() {
          return "test 1";
        }

        @Override
        public byte[] compile(CudaSource source, List<String> options, String arch) {
          assertTrue(source.text().contains("geglu_f16"), source.text());
          compiled.add(source.name() + " " + arch);
          return arch.getBytes(StandardCharsets.UTF_8);
        }
      };

  @Test
  void sourcesAreCompiledForTheDeviceAndOnce(@TempDir Path folder) {
    var driver = new FakeCudaDriver(1 << 20);
    var expected = "sm_90".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 2; i++) {
      var programs = CudaPrograms.compiled(driver, 0, () -> compiler, ProgramCache.of(folder));
      assertArrayEquals(expected, programs.image("geglu.cu"));
    }
    assertEquals(List.of("geglu.cu sm_90"), compiled);
  }

  @Test
  void activationsAreOfTheTwoFormatsKernelsHave() {
    var driver = new FakeCudaDriver(1 << 20);
    var e =
        assertThrows(
            DeviceException.class,
            () -> CudaBackend.open(driver, 0, 64, DType.BF16, _ -> new byte[0]));
    assertEquals("cuda:0: --dtype: expected f32 or f16, got BF16", e.getMessage());
    assertEquals(List.of(), driver.leaks());
  }
}
