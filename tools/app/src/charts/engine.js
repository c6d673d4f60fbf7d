/* The chart library, in a chunk of its own, with the parts that are used. Drawn as SVG; hints are drawn too, never HTML. */
import { init, use } from 'echarts/core'
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { SVGRenderer } from 'echarts/renderers'

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer])

export const chartOn = element => init(element, null, { renderer: 'svg' })
